import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { main, readArguments, zoomManifest } from '../../tools/scripts/zoom-manifest.ts';
import { EVENT_NEEDS, SCOPE_NEEDS } from '../../zoom/index.ts';

/*
 * The field names of Zoom's manifest schema (developers.zoom.us/docs/build-flow/manifests/schema/), and what Zoom's
 * validation is reported to check: nothing else may be in it.
 */
const https = z.url({ protocol: /^https$/ });
const domains = z.array(z.strictObject({ domain: z.string(), unfurling: z.boolean() }));
const schema = z.strictObject({
  manifest: z.strictObject({
    display_information: z.strictObject({ display_name: z.string().min(1).max(49) }),
    oauth_information: z.strictObject({
      usage: z.enum(['USER_OPERATION', 'ADMIN_MANAGEMENT']),
      development_redirect_uri: https,
      production_redirect_uri: https,
      oauth_allow_list: z.array(https).min(1),
      strict_mode: z.boolean(),
      subdomain_strict_mode: z.boolean(),
      scopes: z.array(z.strictObject({ scope: z.string(), optional: z.boolean() })).min(1),
    }),
    features: z.strictObject({
      products: z.tuple([z.literal('ZOOM_CHAT')]),
      team_chat_subscription: z.strictObject({
        enable: z.literal(true),
        enable_support_channel: z.boolean(),
        slash_command: z.strictObject({
          command: z.string(),
          command_hints: z.array(z.strictObject({ description: z.string(), usage_hint: z.string() })),
          enable_add_to_channel: z.boolean(),
          enable_mention: z.boolean(),
          development_message_url: https,
          production_message_url: https,
          sender_type: z.literal('zoom'),
          welcome_msg: z.strictObject({ title: z.string(), body: z.string() }),
          trust_domain_list: domains,
        }),
        shortcuts: z.array(z.never()),
      }),
      event_subscription: z.strictObject({
        enable: z.literal(true),
        events: z
          .array(
            z.strictObject({
              subscription_name: z.string().min(1),
              event_usage: z.enum(['EVENT_FOR_USER', 'EVENT_FOR_ADMIN']),
              event_types: z.array(z.string()).min(1),
              development_webhook_url: https,
              production_webhook_url: https,
            }),
          )
          .length(1),
      }),
    }),
  }),
});

test('the manifest has Zoom’s fields, the addresses of the program and its lists', () => {
  const { manifest } = schema.parse(zoomManifest('https://chat.example.com', 'Live Chat'));
  const { oauth_information: oauth, features } = manifest;
  expect(oauth.oauth_allow_list).toEqual([oauth.development_redirect_uri]);
  expect(oauth.development_redirect_uri).toBe('https://chat.example.com/oauth/callback');
  expect(features.team_chat_subscription.slash_command.development_message_url).toBe(
    'https://chat.example.com/webhooks/zoom/bot',
  );
  const [subscription] = features.event_subscription.events;
  expect(subscription?.development_webhook_url).toBe('https://chat.example.com/webhooks/zoom/events');
  expect(subscription?.event_types).toEqual(EVENT_NEEDS.map(({ event }) => event));
  expect(oauth.scopes.map(({ scope }) => scope).sort()).toEqual(SCOPE_NEEDS.flatMap((need) => need.granular).sort());
});

test('all scopes are of the kind that an admin-managed app may have, and none is optional', () => {
  const { usage, scopes } = zoomManifest('https://chat.example.com', 'Live Chat').manifest.oauth_information;
  expect(usage).toBe('ADMIN_MANAGEMENT');
  for (const { scope, optional } of scopes) {
    expect(scope).toMatch(/^(imchat:bot|[a-z_]+:[a-z]+:[a-z_]+:admin)$/);
    expect(optional).toBe(false);
  }
});

test.each([
  [[], '--public-url is missing'],
  [['--public-url', 'chat.example.com'], '--public-url is missing, or no address'],
  [['--public-url', 'http://chat.example.com'], 'https://'],
  [['--public-url', 'https://chat.example.com/chat'], 'without a path'],
  [['--public-url', 'https://chat.example.com', '--name', 'x'.repeat(50)], '--name'],
  [['--public-url', 'https://chat.example.com', '--nme', 'x'], '--nme'],
])('%j is refused with what is wrong', (args, words) => {
  expect(readArguments(args)).toContain(words);
});

test('is written to a file when it is told which', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'manifest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const print = vi.spyOn(console, 'log').mockReturnValue();
  onTestFinished(() => print.mockRestore());
  const out = join(folder, 'manifest.json');
  expect(await main(['--public-url', 'https://chat.example.com/', '--out', out])).toBe(0);
  const written = schema.parse(JSON.parse(await readFile(out, 'utf8')));
  expect(written).toEqual(zoomManifest('https://chat.example.com', 'Live Chat'));
});
