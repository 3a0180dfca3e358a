import { raw, type Request, type Router } from 'express';
import { z } from 'zod';
import { zoomDateTime } from '../clock.ts';
import { canSee, checkMayPost, findUser, mustFindChannel, postAsUser, type Target } from '../chat.ts';
import { invalid, noUser, ZoomError } from '../errors.ts';
import { newId } from '../ids.ts';
import { bothLevels } from '../scopes.ts';
import type { FileRef } from '../state.ts';
import type { World } from '../world.ts';
import { countMessage, type endpointsOn } from './api.ts';

/*
 * Files (developers.zoom.us/docs/api/team-chat/). The file host answers an upload with a redirect to another host,
 * which the client follows with its Authorization header; here that is the same server with `?uploaded=1` added.
 * Names, types and sizes are kept, the bytes are not.
 */

const imageLimit = 16 * 1024 * 1024;
const fileLimit = 20 * 1024 * 1024;

interface Upload {
  fields: Record<string, string>;
  files: FileRef[];
}

async function multipart(req: Request): Promise<Upload> {
  const type = req.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data') || !Buffer.isBuffer(req.body))
    throw invalid('A multipart body is required.');
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(req.body), { headers: { 'content-type': type } }).formData();
  } catch {
    throw invalid('The multipart body cannot be read.');
  }
  const upload: Upload = { fields: {}, files: [] };
  for (const [key, value] of form.entries()) {
    if (typeof value === 'string') {
      upload.fields[key] = value;
      continue;
    }
    const image = value.type.startsWith('image/');
    if (value.size > (image ? imageLimit : fileLimit)) throw invalid('The file is too large.');
    upload.files.push({ id: newId(), name: value.name, size: value.size, kind: image ? 'image' : 'file' });
  }
  return upload;
}

/** File endpoints; registered before the JSON body parser. */
export function fileEndpoints(world: World, add: ReturnType<typeof endpointsOn>, router: Router): void {
  const body = raw({ type: 'multipart/form-data', limit: fileLimit + 64 * 1024 });
  const write = (granular: string) => ({
    classic: bothLevels('chat_message:write'),
    granular: bothLevels(granular),
  });
  const save = (file: FileRef): void => {
    world.store.files.put(file);
  };
  const redirected = (req: Request): string | null =>
    req.query['uploaded'] === undefined
      ? `${req.originalUrl}${req.originalUrl.includes('?') ? '&' : '?'}uploaded=1`
      : null;

  router.use('/chat/users/:u/files', body);
  router.use('/chat/users/:u/messages/files', body);

  add('post', '/chat/users/:u/files', { label: 'MEDIUM', scopes: write('team_chat:write:files') }, async ({ req }) => {
    const location = redirected(req);
    if (location !== null) return { status: 307, location };
    const file = (await multipart(req)).files[0];
    if (file === undefined) throw invalid([{ field: 'file', message: 'A file is required.' }]);
    save(file);
    return { status: 201, json: { id: file.id } };
  });

  add(
    'post',
    '/chat/users/:u/messages/files',
    { label: 'MEDIUM', scopes: write('team_chat:write:message_files') },
    async ({ req, user }) => {
      const location = redirected(req);
      if (location !== null) return { status: 307, location };
      const { fields, files } = await multipart(req);
      const where = z
        .object({
          to_channel: z.string().optional(),
          to_contact: z.string().optional(),
          reply_main_message_id: z.string().optional(),
        })
        .parse(fields);
      if (files.length !== 1) throw invalid([{ field: 'files', message: 'Exactly one file is required.' }]);
      let target: Target;
      if (where.to_channel !== undefined) {
        const channel = mustFindChannel(world, where.to_channel);
        checkMayPost(channel, user);
        countMessage(world, channel.id);
        target = { channel };
      } else {
        const contact = findUser(world, where.to_contact ?? '');
        if (contact === undefined) throw noUser(where.to_contact ?? '');
        target = { contact };
      }
      for (const file of files) save(file);
      const message = postAsUser(world, user, target, { text: '', files, replyTo: where.reply_main_message_id });
      return { status: 201, json: { id: message.id } };
    },
  );

  add(
    'get',
    '/chat/files/:f',
    { label: 'LIGHT', scopes: { classic: ['chat:read'], granular: bothLevels('team_chat:read:file') } },
    ({ params, user }) => {
      const id = params['f'] ?? '';
      const holder = world.store.messages
        .all()
        .find((message) => message.files?.some((file) => file.id === id) === true);
      const file = holder?.files?.find((one) => one.id === id) ?? world.store.files.get(id);
      if (file === undefined) throw new ZoomError(404, 404, 'The file does not exist.');
      if (holder !== undefined && !canSee(world, user, holder))
        throw new ZoomError(403, 403, 'No permission to read this file.');
      const time = zoomDateTime(holder?.timestamp ?? world.clock.now());
      return {
        status: 200,
        json: {
          file_id: file.id,
          file_name: file.name,
          OS_file_type: (file.name.split('.').at(-1) ?? '').toUpperCase(),
          length: file.size,
          created_time: time,
          modified_time: time,
        },
      };
    },
  );
}
