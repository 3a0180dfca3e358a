import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { EVENT_NEEDS, SCOPE_NEEDS } from '../../zoom/index.ts';

/**
 * The manifest of the app for marketplace.zoom.us, made of the same lists as the code: what docs/connect-zoom.md has
 * somebody tick and type by hand, in one file. Zoom gives out Client ID, Client Secret, Secret Token and Bot JID, which
 * are no part of it.
 *
 * Source of the fields: developers.zoom.us/docs/build-flow/manifests/schema/. The values of `usage` and `event_usage`
 * are on none of its pages; they are those that Zoom's validation is reported to take for an admin-managed app.
 *
 * @param publicUrl where browsers and Zoom reach the api, without a path.
 * @param name of the app in Zoom, at most 49 characters.
 */
export function zoomManifest(publicUrl: string, name: string) {
  const callback = `${publicUrl}/oauth/callback`;
  const botEndpoint = `${publicUrl}/webhooks/zoom/bot`;
  const eventEndpoint = `${publicUrl}/webhooks/zoom/events`;
  const scopes = [...new Set(SCOPE_NEEDS.flatMap((need) => need.granular))];
  return {
    manifest: {
      display_information: { display_name: name },
      oauth_information: {
        usage: 'ADMIN_MANAGEMENT',
        development_redirect_uri: callback,
        production_redirect_uri: callback,
        oauth_allow_list: [callback],
        strict_mode: true,
        subdomain_strict_mode: false,
        // None is optional: Zoom grants optional ones only to a link that names them.
        scopes: scopes.map((scope) => ({ scope, optional: false })),
      },
      features: {
        products: ['ZOOM_CHAT'],
        team_chat_subscription: {
          enable: true,
          enable_support_channel: false,
          slash_command: {
            command: '',
            command_hints: [],
            enable_add_to_channel: true,
            enable_mention: false,
            development_message_url: botEndpoint,
            production_message_url: botEndpoint,
            sender_type: 'zoom',
            welcome_msg: { title: '', body: '' },
            trust_domain_list: [],
          },
          shortcuts: [],
        },
        event_subscription: {
          enable: true,
          events: [
            {
              subscription_name: 'Live chat',
              event_usage: 'EVENT_FOR_ADMIN',
              event_types: EVENT_NEEDS.map(({ event }) => event),
              development_webhook_url: eventEndpoint,
              production_webhook_url: eventEndpoint,
            },
          ],
        },
      },
    },
  };
}

const longestName = 49;
const usage = `Usage: npm run zoom:manifest -- --public-url https://chat.example.com [--name "Live Chat"] [--out manifest.json]`;

/** What the command line asks for, or what is wrong with it, in words. */
export function readArguments(args: readonly string[]): { publicUrl: string; name: string; out?: string } | string {
  let values;
  try {
    const options = { 'public-url': { type: 'string' }, name: { type: 'string' }, out: { type: 'string' } } as const;
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { 'public-url': address = '', name = 'Live Chat', out } = values;
  if (!URL.canParse(address)) return '--public-url is missing, or no address.';
  const { protocol, origin, pathname, search, hash, username } = new URL(address);
  if (protocol !== 'https:') return '--public-url must begin with https://: Zoom takes no other.';
  if (pathname !== '/' || search + hash + username !== '') return '--public-url must be without a path.';
  if (name.trim() === '' || name.length > longestName) return `--name must have 1 to ${longestName} characters.`;
  return { publicUrl: origin, name: name.trim(), ...(out === undefined ? {} : { out }) };
}

/** Print the manifest, or write it to a file. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const read = readArguments(args);
  if (typeof read === 'string') {
    console.error(`${read}\n${usage}`);
    return 2;
  }
  const json = JSON.stringify(zoomManifest(read.publicUrl, read.name), undefined, 2);
  if (read.out === undefined) console.log(json);
  else {
    await writeFile(read.out, `${json}\n`);
    console.log(`Written to ${read.out}. What to do with it: docs/connect-zoom.md.`);
  }
  return 0;
}
