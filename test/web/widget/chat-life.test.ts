import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, Stage } from './host-page.ts';

const stage = new Stage();
const { server } = stage;

beforeAll(() => stage.start());
afterAll(() => stage.stop());
beforeEach(async () => {
  await stage.reset();
  stage.host({ attributes: 'data-heartbeat-ms="400"' });
});

/** What an agent says. */
const reply = (text: string, name = 'Jill') => ({ kind: 'agentMessage', messageId: `m-${text}`, name, text }) as const;

describe('connection', () => {
  it('replays after a lost answer without repeating anything', async () => {
    const widget = await (await stage.visit()).open();
    await widget.send('One');
    await eventually(() => server.messages).toEqual(['One']);
    server.loseAnswers = true;
    await widget.send('Two');
    await eventually(() => server.messages).toEqual(['One', 'Two']);
    server.add(reply('While you were away'));
    server.loseAnswers = false;
    server.dropAll();
    await widget.online();
    await eventually(() => widget.bubbles()).toEqual(['One', 'Two', 'While you were away']);
    expect(server.hellos.at(-1)).toMatchObject({ lastSeq: 1 });
    expect(server.chat.entries).toHaveLength(3);
    await widget.status('Two').getByText('Sent', { exact: true }).waitFor();
  });

  it('notices a half-open connection and says so', async () => {
    const widget = await (await stage.visit()).open();
    server.deaf = true;
    await widget.text('Reconnecting…').waitFor();
    server.deaf = false;
    // The tries that fell into the deaf time end, and the next one is heard.
    server.dropAll();
    await widget.page.evaluate(() => window.dispatchEvent(new Event('online')));
    await widget.online();
  });

  it('queues while offline, through a reload, and sends in order', async () => {
    const widget = await (await stage.visit()).open();
    await widget.send('Before');
    await widget.status('Before').getByText('Sent', { exact: true }).waitFor();
    server.closed = true;
    server.dropAll();
    await widget.text('No connection. Your messages will be sent as soon as it is back.').waitFor();
    await widget.send('First');
    await widget.send('Second');
    expect(await widget.bubbles()).toEqual(['Before', 'First', 'Second']);
    server.closed = false;
    await widget.page.reload();
    await eventually(() => server.messages).toEqual(['Before', 'First', 'Second']);
    await widget.open();
    await eventually(() => widget.bubbles()).toEqual(['Before', 'First', 'Second']);
    expect(
      await widget.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('message'))),
    ).toEqual([]);
  });

  it('does not connect for somebody who only passes by', async () => {
    const widget = await stage.visit();
    await widget.launcher.waitFor();
    expect(server.connections).toBe(0);
    await widget.open();
    await widget.closer.click();
    await eventually(() => server.connections).toBe(0);
    expect(await widget.page.evaluate(() => localStorage.length)).toBe(0);
  });

  it('stops at a widget that the server does not know', async () => {
    const widget = await stage.visit();
    server.refusals.push({ type: 'error', code: 'unknown_widget', message: '', retryable: false });
    await widget.launcher.click();
    await widget.text('Chat is not available on this page.').waitFor();
    expect(await widget.textbox.count()).toBe(0);
    await eventually(() => server.connections).toBe(0);
  });
});

describe('a chat over time', () => {
  it('shows unread replies while closed and after a reload, and not once read', async () => {
    const widget = await (await stage.visit()).open();
    await widget.send('Hello');
    await eventually(() => server.messages.length).toBe(1);
    await widget.closer.click();
    server.add(reply('One'), reply('Two'));
    await widget.text('2 unread messages').waitFor({ state: 'attached' });
    await widget.page.reload();
    await widget.text('2 unread messages').waitFor({ state: 'attached' });
    await widget.open();
    await widget.text('Two').waitFor();
    await widget.page.reload();
    await eventually(() => server.hellos.length).toBe(3);
    await widget.open();
    await widget.closer.click();
    expect(await widget.page.getByText('unread').count()).toBe(0);
  });

  it('is ended by the visitor after a question, and begun anew', async () => {
    const widget = await (await stage.visit()).open();
    expect(await widget.button('End chat').count()).toBe(0);
    await widget.send('Hello');
    await widget.button('End chat').click();
    expect(await widget.button('Keep chatting').evaluate((button) => button.matches(':focus'))).toBe(true);
    await widget.page.keyboard.press('Escape');
    expect(await widget.textbox.evaluate((textbox) => textbox.matches(':focus'))).toBe(true);
    await widget.button('End chat').click();
    await widget.button('Yes, end it').click();
    await widget.text('You ended this chat.').waitFor();
    await widget.button('Start a new chat').click();
    await widget.text('Hello! How can we help?').waitFor();
    expect(await widget.textbox.evaluate((textbox) => textbox.matches(':focus'))).toBe(true);
    await widget.online();
    await widget.send('Again');
    await eventually(() => server.messages).toEqual(['Hello', 'Again']);
    expect([...server.chats.values()].filter(({ entries }) => entries.length)).toHaveLength(2);
  });

  it('starts afresh when the server has forgotten the chat', async () => {
    const widget = await (await stage.visit()).open();
    await widget.send('Hello');
    await widget.status('Hello').getByText('Sent', { exact: true }).waitFor();
    server.chats.clear();
    await widget.page.reload();
    await widget.open();
    await widget.text('Hello! How can we help?').waitFor();
    // Who the visitor is stays, and opens no chat.
    expect(await widget.page.evaluate(() => Object.keys(localStorage))).toEqual(['livechat:w1:visitor']);
  });

  it('goes on in a second tab, and shows there what is written here', async () => {
    const context = await stage.context();
    const first = await (await stage.visit(context)).open();
    const second = await (await stage.visit(context)).open();
    await first.send('From the first');
    await eventually(() => second.bubbles()).toEqual(['From the first']);
    await second.send('From the second');
    await eventually(() => first.bubbles()).toEqual(['From the first', 'From the second']);
    await first.closer.click();
    await second.closer.click();
    server.add(reply('To all'));
    await second.text('1 unread message').waitFor({ state: 'attached' });
    // One tab in which it is read is enough.
    await first.open();
    await first.text('To all').waitFor();
    await second.text('1 unread message').waitFor({ state: 'detached' });
    expect(server.chats.size).toBeLessThanOrEqual(2);
    expect([...server.chats.values()].filter(({ entries }) => entries.length)).toHaveLength(1);
  });
});
