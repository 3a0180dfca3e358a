import { z } from 'zod';
import type { InstallStep } from './install-steps.ts';
import type { MissingScope } from './missing-scope.ts';
import type { ChatStatus } from './transcript.ts';

/**
 * What the pages and the api say to each other: JSON over HTTP, same origin, session cookie. Errors are problem JSON.
 */

/** RFC 9457 problem details, `application/problem+json`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  /** A sentence: what happened and what to do next. */
  detail: string;
  errors?: { path: string; message: string }[];
}

export type InstallStepState = 'pending' | 'running' | 'done' | 'failed';

/** Answer of `GET /api/install` and of the install workflow's query. */
export interface InstallProgress {
  /**
   * `ready`: all steps done, waiting for "I'm Done"; `done`: pressed. `notStarted`: no install workflow for this user.
   */
  status: 'notStarted' | 'running' | 'ready' | 'done' | 'failed';
  steps: { id: InstallStep; state: InstallStepState; /** e.g. the channel's name */ detail?: string }[];
  /**
   * Only when `status` is `failed`. `next` is what helps: try again, or add the app again so that Zoom asks for
   * consent.
   */
  failure?: { step: InstallStep; message: string; next: 'retry' | 'reauthorize' };
  /** When `ready` or `done`: where to go on in Zoom. */
  inboundChannel?: { name: string; url: string };
  /** What Zoom has not granted in this account; only in the api's answer. */
  missingScopes?: MissingScope[];
}

/** `GET /api/dashboard`. */
export interface DashboardData {
  user: { name: string; email: string };
  account: { id: string; name: string; createdAt: string };
  trial: { endsAt: string; daysLeft: number; expired: boolean };
  /** Where new chats of the widget appear now; null while the install has not found or created it. */
  channel: { id: string; name: string } | null;
  widget: { id: string; embedSnippet: string; previewUrl: string };
  /** The grant of the account's owner no longer works: "Reconnect Zoom" is shown. */
  needsReconnect: boolean;
  /** What no connected member of the account has granted. */
  missingScopes: MissingScope[];
  chats: { waiting: number; active: number; ended: number };
  recentChats: DashboardChat[];
}

/** One chat in the dashboard's list. */
export interface DashboardChat {
  id: string;
  visitorName: string;
  status: ChatStatus;
  startedAt: string;
  /** Names of those who are in; of those who were, where nobody is any more. */
  agents: string[];
  /** The chat is open, and all of them have left. */
  haveLeft: boolean;
  /** Link that opens the chat channel in Zoom, once there is one. */
  channelUrl: string | null;
  /** The failure that keeps the chat waiting for Zoom, as a `FailureType`; null when nothing does. */
  waitsFor: string | null;
}

/** `GET /api/channels`: where new chats appear, and where they could. */
export interface ChannelChoices {
  /** Every channel of the signed-in user in Zoom that chats can be routed to; none for somebody who may not choose. */
  channels: { id: string; name: string; kind: 'private' | 'public' | 'other' }[];
  selectedId: string | null;
  selectedName: string | null;
  /** Whether this member may choose, see `mayChangeSettings`. */
  mayChange: boolean;
}

/** Body of `PUT /api/settings`; answers `SettingsSaved`. */
export const settingsInputSchema = z.strictObject({
  channelId: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'Choose a channel from the list.'),
});
export type SettingsInput = z.infer<typeof settingsInputSchema>;
export interface SettingsSaved {
  channel: { id: string; name: string };
}

/** The session as the pages need it; `GET /api/session` answers 401 problem JSON when nobody is signed in. */
export interface SessionData {
  user: { name: string; email: string };
}

/** The chat that the link of a mail opens: answer to `POST /api/chat-link`. */
export interface OpenedChat {
  widget: string;
  /** Continues the chat, as in a `welcome`. */
  token: string;
}
