import type { CheckStepState, ConnectionCheckStep } from '../../domain/connection-check.ts';
import { time } from '../time.ts';
import type { Check } from './check.ts';

const stepWords: Record<ConnectionCheckStep, string> = {
  token: 'The administrator’s token',
  scopes: 'Scopes',
  channel: 'The inbound channel is listed',
  post: 'The bot posts in the inbound channel',
  echo: 'Echo of that post',
  word: 'An event about what somebody writes there',
  press: 'A press of a button',
  createChannel: 'A private channel is created',
  postInChannel: 'A post in the private channel',
  readBack: 'The private channel is read back',
  removeChannel: 'The private channel is removed',
};
const stateWords: Record<CheckStepState, string> = {
  pending: 'not yet',
  running: 'under way',
  waiting: 'waits for somebody',
  passed: 'passed',
  noted: 'works, with a note',
  failed: 'failed',
  skipped: 'not checked',
};

/** What an operator reads in Temporal UI: states and ids only. Markdown. */
export function checkDetails({ progress, hasFailed }: Check, zoomUserId: string): string {
  const verdict = progress.status === 'running' ? 'Under way' : hasFailed ? 'Done: something failed' : 'Done';
  const steps = progress.steps.map(({ id, state, outcome, by }) => {
    const what = outcome === undefined || outcome === 'ok' ? '' : ` (${outcome})`;
    const who = by === undefined || by === '' ? '' : `, by Zoom user ${by}`;
    return `- ${stepWords[id]}: **${stateWords[state]}**${what}${who}`;
  });
  return [
    `**${verdict}** · started ${time(progress.startedAt)} by Zoom user ${zoomUserId}`,
    '',
    ...steps,
    ...(progress.steps.some(({ choices }) => choices)
      ? ['', 'The page “Connection check” has the choice how it goes on.']
      : []),
  ].join('\n');
}
