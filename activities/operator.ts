import type { Agent } from '../domain/transcript.ts';
import { isZoomError } from '../zoom/index.ts';
import type { ChatActivityDependencies } from './chat.ts';
import { asZoomFailures } from './zoom-failures.ts';

/** What only operators have done. Safe to repeat: people who are gone already count as removed. */
export function createOperatorActivities({ userZoom }: Pick<ChatActivityDependencies, 'userZoom'>) {
  return {
    /**
     * Take people out of a chat channel. Zoom keeps a channel's owner in it, whoever asks.
     * @returns who is still a member, and why.
     */
    async removeAgents(input: {
      channelId: string;
      ownerUserId: string;
      agents: Agent[];
    }): Promise<{ stayed: { agent: Agent; why: 'owner' | 'refused' }[] }> {
      const { channelId, ownerUserId, agents } = input;
      return asZoomFailures('answer', () =>
        userZoom(ownerUserId, async (api) => {
          const members = await api.listMembers({ channelId });
          const stayed: { agent: Agent; why: 'owner' | 'refused' }[] = [];
          for (const agent of agents) {
            const member = members.find(({ id }) => id === agent.id);
            if (!member) continue;
            if (member.role === 'owner') {
              stayed.push({ agent, why: 'owner' });
              continue;
            }
            try {
              await api.removeMember({ channelId, identifier: agent.id });
            } catch (error) {
              if (!isZoomError(error, 'refused', 'forbidden', 'invalidRequest', 'scopeMissing')) throw error;
              stayed.push({ agent, why: 'refused' });
            }
          }
          return { stayed };
        }),
      );
    },
  };
}
export type OperatorActivities = ReturnType<typeof createOperatorActivities>;
