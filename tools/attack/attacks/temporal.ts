import { randomUUID } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import { taskQueues, workflowIds } from '../../../domain/workflow-ids.ts';
import { getChatQuery } from '../../../workflows/chat/messages.ts';
import { getGrantQuery } from '../../../workflows/grant/messages.ts';
import type { Attack } from '../attack.ts';
import type { Target } from '../target.ts';

/** What a stranger starts has failed within this, ms. */
const startedMs = 20_000;

/** Sends a signal as it is, past every client's own conversion. */
async function rawSignal(target: Target, workflowId: string, signalName: string, payloads: Payload[]): Promise<void> {
  await target.temporal.stranger.workflowService.signalWorkflowExecution({
    namespace: target.config.temporal.namespace,
    workflowExecution: { workflowId },
    signalName,
    input: { payloads },
    requestId: randomUUID(),
  });
}

function payload(metadata: Record<string, string>, data: string | Buffer): Payload {
  const entries = Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text)] as const);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data) };
}

async function failedTasks(target: Target, workflowId: string): Promise<number> {
  const { events } = await target.temporal.owner.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).filter(({ workflowTaskFailedEventAttributes: failed }) => failed).length;
}

export const unsealed: Attack = {
  name: 'unsealed',
  title: 'speak to visitors by signals, updates and workflows of one’s own, sent straight to Temporal',
  async run(target, seen) {
    const { inputs, temporal, config } = target;
    const { stranger, owner } = temporal;
    const talk = await target.talk();
    const { guest, chatId, agent } = talk;
    const id = workflowIds.chat({ chatId });
    const before = guest.entries.length;
    const word = inputs.word();
    const forged = { kind: 'message', messageId: randomUUID(), userId: agent, text: word, at: Date.now() };
    const chat = stranger.workflow.getHandle(id);
    const grantId = workflowIds.grant({ zoomUserId: target.idOf('alex') });
    const signals: [string, unknown[]][] = [
      ['zoom', [forged]],
      ['zoom', []],
      ['zoom', [{ kind: 'endPressed', user: { id: agent, name: 'Jill' } }]],
      ['zoom', [{ kind: 'channelGone' }]],
      ['zoom', [{ kind: 'edited', messageId: forged.messageId, userId: agent, text: word, at: Date.now() }]],
      ['visitor', [{ kind: 'message', clientId: randomUUID(), text: word, at: Date.now() }]],
      ['visitor', [{ kind: 'ended' }]],
      ['cardSlot', [{ channelId: inputs.word() }]],
      // What the workers' own mark looks like.
      ['zoom', [{ 'live-chat/unsealed': true, value: forged }]],
      [inputs.word(), [forged]],
    ];
    for (const [name, args] of signals) await chat.signal(name, ...args);
    await stranger.workflow.getHandle(grantId).signal('deauthorized', { accountId: target.accountOf('alex') });
    const raw: Payload[] = [
      payload({ encoding: 'json/plain' }, '{'),
      payload({ encoding: inputs.word() }, inputs.bytes(40)),
      payload({}, ''),
      payload({ encoding: 'binary/null' }, ''),
      payload({ encoding: 'json/plain' }, '['.repeat(20_000) + ']'.repeat(20_000)),
      payload({ encoding: 'binary/encrypted', 'encryption-key-id': config.payloadKeys.activeId }, inputs.bytes(90)),
      payload(
        { encoding: 'binary/encrypted', 'encryption-key-id': config.payloadKeys.activeId, 'workflow-id': id },
        inputs.bytes(200),
      ),
    ];
    for (const one of raw) await rawSignal(target, id, inputs.pick(['zoom', 'visitor']), [one]);

    const renewed = await stranger.workflow
      .getHandle(grantId)
      .executeUpdate('renewTokens', { args: [{ staleTokenSetId: inputs.word() }] })
      .then(
        () => 'taken',
        () => 'refused',
      );
    seen.expect(renewed === 'refused', 'an update that nobody sealed was taken');
    const startedId = `chat/${inputs.word(16)}`;
    const started = await stranger.workflow.start('chat', {
      taskQueue: taskQueues.main,
      workflowId: startedId,
      args: [
        { chatId: startedId, accountId: target.accountOf('alex'), widgetId: target.widget, visitor: { name: word } },
      ],
    });
    const end = await target
      .eventually(async () => {
        const { status } = await started.describe();
        if (status.name === 'RUNNING') throw new Error('It is still running.');
        return status.name;
      }, startedMs)
      .catch(() => 'RUNNING');
    seen.expect(end === 'FAILED', `a chat that a stranger started is ${end}`);

    await target.stillTalks(talk);
    const { status } = await owner.workflow.getHandle(id).query(getChatQuery);
    const grant = (await owner.workflow.getHandle(grantId).query(getGrantQuery)).status;
    const shown = guest.entries.slice(before);
    seen.note(
      `${signals.length + raw.length + 1} signals, an update and a workflow that nobody sealed changed nothing`,
    );
    seen.expect(!JSON.stringify(shown).includes(word), 'the visitor read forged words');
    seen.expect(shown.length === 1, `the visitor was shown ${shown.length - 1} entries that nobody has written`);
    seen.expect(status === 'active', `the chat is ${status}`);
    seen.expect(grant === 'connected', `the owner's grant is ${grant}`);
    seen.expect((await failedTasks(target, id)) === 0, 'a workflow task of the chat has failed');
    const { messages } = (await target.zoom.state()).channels.find(({ id: one }) => one === talk.channelId) ?? {};
    seen.expect(!JSON.stringify(messages).includes(word), 'the team read forged words');
  },
};

export const copied: Attack = {
  name: 'copied',
  title: 'have one chat’s sealed words count in another, or once more in their own',
  async run(target, seen) {
    const { inputs, temporal } = target;
    const from = await target.talk();
    const words = inputs.word();
    await target.zoom.write(from.agent, from.channelId, words);
    await from.guest.hears(words);
    const to = await target.talk();
    const { events } = await temporal.stranger.workflow
      .getHandle(workflowIds.chat({ chatId: from.chatId }))
      .fetchHistory();
    const signals = (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signaled }) =>
      signaled ? [{ name: signaled.signalName ?? '', payloads: signaled.input?.payloads ?? [] }] : [],
    );
    const count = { from: from.guest.heard.length, to: to.guest.entries.length };
    for (const { name, payloads } of signals) {
      await rawSignal(target, workflowIds.chat({ chatId: to.chatId }), name, payloads);
      await rawSignal(target, workflowIds.chat({ chatId: from.chatId }), name, payloads);
    }
    await Promise.all([target.stillTalks(from), target.stillTalks(to)]);
    const shown = to.guest.entries.length - count.to - 1;
    const again = from.guest.heard.length - count.from - 1;
    seen.note(`${signals.length} copied signals said nothing elsewhere, and nothing twice`);
    seen.expect(signals.length > 1, 'there was nothing to copy');
    seen.expect(!to.guest.heard.includes(words) && shown === 0, `another chat's visitor was shown ${shown} entries`);
    seen.expect(again === 0, `the chat's own visitor was shown ${again} messages twice`);
    for (const { chatId } of [from, to]) {
      seen.expect((await failedTasks(target, workflowIds.chat({ chatId }))) === 0, 'a workflow task has failed');
    }
  },
};
