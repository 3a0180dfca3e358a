import type { CheckOutcome, CheckStepState, ConnectionCheckStep } from '../../domain/connection-check.ts';
import type { InstallStepState } from '../../domain/dashboard.ts';
import type { FailureType } from '../../domain/failures.ts';
import type { InstallStep } from '../../domain/install-steps.ts';
import type { ChatStatus } from '../../domain/transcript.ts';
import { formatDate, plural } from './format.ts';

/** What sentences about a step of the connection check speak of. */
export interface CheckFacts {
  /** Name of the inbound channel. */
  channel: string;
  /** Name of the private channel that the check has made. */
  privateChannel: string;
  /** Who wrote the word or pressed the button. */
  by: string;
}
type CheckSentences = Partial<Record<CheckOutcome, (facts: CheckFacts) => string>>;

const addAppAgain =
  'Tick the app’s scopes on marketplace.zoom.us and add the app to Zoom again, as an administrator. Then try again here.';

/**
 * Every sentence of the pages in English. A translation is a second object of type `Text`.
 * Strings with a number or a name in them are functions, so that a language can put it where it belongs.
 */
export const en = {
  product: {
    name: 'Live Chat for Zoom Team Chat',
    shortName: 'Live Chat',
    suffix: 'for Zoom Team Chat',
    /** Page title of every page but the landing page. */
    pageTitle: (page: string) => `${page} · Live Chat for Zoom Team Chat`,
  },

  common: {
    skipToContent: 'Skip to content',
    mainNavigation: 'Main',
    dashboard: 'Dashboard',
    signIn: 'Sign in',
    signOut: 'Sign out',
    tryAgain: 'Try again',
    opensInNewTab: '(opens in a new tab)',
    noScript: 'This page needs JavaScript to show what is happening. Please switch it on and load the page again.',
    notZoom: 'An independent open-source project. “Zoom” is a trademark of Zoom Communications, Inc.',
    offline: 'You are offline. The page goes on by itself when the connection is back.',
    unreachable: 'The server cannot be reached at the moment. The page keeps trying.',
    signedOut: 'Your session has ended. Sign in again to go on.',
    unexpected: 'Something went wrong on our side. Please try again in a moment.',
  },

  landing: {
    title: 'Live Chat for Zoom Team Chat: answer your website from Zoom',
    description:
      'Visitors of your website chat in a small widget. Your team answers from Zoom Team Chat, each chat in a channel of its own.',
    heading: 'Your website’s chat, answered in Zoom Team Chat',
    lead: 'Visitors write in a small widget on your site. Your team sees them in a Zoom channel, presses Join Chat and answers right there. No second inbox, no new app to learn.',
    addToZoom: 'Add to Zoom',
    addNote:
      'An administrator of your Zoom account adds it, once for everybody. Starts a trial account. No card, no form to fill in.',
    sceneCaption:
      'On the left a website with the chat widget, on the right Zoom Team Chat. The visitor’s question appears in the Zoom channel; the answer written in Zoom appears in the widget.',
    scene: {
      site: 'yourshop.example',
      widgetTitle: 'Chat with us',
      question: 'Do you deliver to Norway?',
      answer: 'We do! It takes five working days.',
      answerBy: 'Maya',
      delivered: 'Delivered',
      zoomWindow: 'Team Chat',
      channels: 'Channels',
      inbound: 'Live Chat Inbound',
      chatChannel: 'Chat with Jonas',
      otherChannel: 'Warehouse',
      card: 'New chat from Jonas',
      join: 'Join Chat',
      joined: 'Maya joined',
      visitor: 'Jonas',
      visitorRole: 'Website visitor',
    },
    stepsHeading: 'How it works',
    steps: [
      {
        title: 'A visitor writes',
        body: 'The message appears as a card in your inbound channel in Zoom, within moments. Everyone in that channel sees it.',
      },
      {
        title: 'Someone presses Join Chat',
        body: 'A private channel is created for this one chat, and a link to it is posted. What the visitor has written so far is already there.',
      },
      {
        title: 'You answer as you always do',
        body: 'Whatever you write in that channel, the visitor reads in the widget. Ten chats at once are ten channels, so they never mix.',
      },
    ],
    promiseHeading: 'What a visitor’s two ticks mean',
    promise: [
      { mark: '✓', title: 'Stored', body: 'The message is on disk. A restart or a crash after this does not lose it.' },
      {
        mark: '✓✓',
        title: 'In Zoom',
        body: 'Zoom has taken the message. If Zoom is down, it waits and is delivered in order when Zoom is back.',
      },
    ],
    permissionsHeading: 'What Zoom will ask you to allow',
    permissionsLead:
      'Before the app is added, Zoom shows you a list of permissions. This is each of them, and what it is used for.',
    permissions: [
      {
        name: 'View all user information',
        body: 'Your name and e-mail address, to create your trial account. The name of whoever joins a chat, so that the visitor knows who is answering.',
      },
      {
        name: 'View and manage all users’ chat channels',
        body: 'To create the “Live Chat Inbound” channel and a private channel for each chat, to invite whoever joins, and to list your channels in the settings so that you can choose another one.',
      },
      {
        name: 'Enable chatbot within Zoom Team Chat client',
        body: 'To post the welcome message, the cards of new chats with their Join Chat button, and what visitors write.',
      },
      {
        name: 'View all users’ chat messages',
        body: 'To bring your team’s answers to the visitor. Zoom reports messages of other conversations as well; those are dropped on arrival and never stored.',
      },
      {
        name: 'View and manage all users’ chat messages',
        body: 'Only for Zoom accounts that do not let the chatbot write into a private channel. There the visitor’s words are posted in the name of the channel’s owner, with the visitor’s name in front.',
      },
      {
        name: 'View all users’ chat information',
        body: 'To notice when a channel is archived or brought back. Live Chat works without it.',
      },
    ],
    selfHostHeading: 'Run it yourself',
    selfHost:
      'The whole product is open source under the MIT licence and made to be self-hosted: your server, your database, your visitors’ words. To look around first, it runs on a laptop with a simulated Zoom, without a Zoom account.',
    docsLink: 'Read the documentation',
  },

  onboarding: {
    title: 'Setting up',
    heading: {
      running: 'Setting up your live chat',
      ready: 'Your live chat is ready',
      failed: 'The setup stopped',
      notStarted: 'There is nothing to set up yet',
    },
    lead: {
      running: 'This takes a few seconds. You can stay on this page; nothing is lost if you close it.',
      ready: 'Zoom is connected. Have a look at it in Zoom, or go straight to your dashboard.',
      failed: 'One step did not work. The steps before it are done and are not repeated.',
      notStarted: 'Add the app to Zoom first; then its setup runs here.',
    },
    stepsHeading: 'Setup steps',
    steps: {
      fetchUser: 'Looking up your Zoom profile',
      provisionAccount: 'Creating your trial account',
      inboundChannel: 'Finding or creating the “Live Chat Inbound” channel',
      welcomeCard: 'Posting the welcome card',
      welcomeMessage: 'Sending you a direct message',
    } satisfies Record<InstallStep, string>,
    states: { pending: 'Waiting', running: 'Working on it', done: 'Done', failed: 'Failed' } satisfies Record<
      InstallStepState,
      string
    >,
    progress: (done: number, total: number) => `${String(done)} of ${String(total)} steps done.`,
    announceFailed: (step: string, message: string) => `Failed: ${step}. ${message}`,
    announceReady: 'All steps are done. Your live chat is ready.',
    retry: 'Retry',
    retrying: 'Retrying…',
    addAgain: 'Add to Zoom again',
    addToZoom: 'Add to Zoom',
    nextHeading: 'Next, in Zoom',
    openChannel: {
      before: 'Go to the channel where new chats appear. ',
      pending: 'Open “Live Chat Inbound” in Zoom',
      link: (channel: string) => `Open “${channel}” in Zoom`,
    },
    test: 'Press “Test Your Live Chat” on the welcome card. A sample visitor appears; press “Join Chat” and write back.',
    invite:
      'Invite your colleagues to the channel. Everyone in it sees new chats and can answer them; they need not add anything.',
    check: {
      before: 'If this is a new Zoom app, prove that it does all that live chat needs: ',
      link: 'Check the connection',
    },
    done: "I'm Done",
    doneHintPending: 'You can go on as soon as all steps are done.',
    doneHintReady: 'Takes you to your dashboard. You can do the steps above at any time.',
    finishing: 'One moment…',
  },

  missingScopes: {
    heading: {
      needed: 'Zoom has not granted everything that Live Chat needs',
      optional: 'Zoom has not granted everything that Live Chat can use',
    },
    lead: {
      needed: 'What needs these permissions waits. Nothing is lost.',
      optional: 'Live Chat works without these permissions, but for what is said here.',
    },
    optionalMark: ' (it works without this one)',
    scopes: 'Scopes: ',
    classic: '; in an app with classic scopes: ',
    help: {
      needed:
        'Open the app on marketplace.zoom.us under Manage and tick these scopes on its page “Scopes”. Then add the app again, as an administrator of the Zoom account: what waits goes on by itself.',
      optional:
        'To have them, open the app on marketplace.zoom.us under Manage and tick these scopes on its page “Scopes”. Then add the app again, as an administrator of the Zoom account.',
    },
    addAgain: 'Add to Zoom again',
  },

  dashboard: {
    title: 'Dashboard',
    loading: 'Loading your dashboard…',
    signedInAs: 'Signed in as',
    trialLeft: (days: number) => plural(days, { one: '# day left in your trial', other: '# days left in your trial' }),
    trialEnds: (iso: string) => `until ${formatDate(iso)}`,
    trialExpired: 'Your trial has ended',
    trialEnded: (iso: string) => `on ${formatDate(iso)}`,
    countsHeading: 'Chats now',
    counts: { waiting: 'Waiting', active: 'Active', ended: 'Ended' },
    chatsHeading: 'Recent chats',
    chatsFor: (account: string) => `Live chat of ${account}`,
    statuses: {
      waiting: 'Waiting',
      missed: 'Missed',
      joining: 'Joining',
      active: 'Active',
      ended: 'Ended',
    } satisfies Record<ChatStatus, string>,
    waitsFor: (reason: string) => `Waiting for Zoom: ${reason}`,
    /** What keeps a chat waiting for Zoom, and what helps. */
    waitReasons: {
      ZoomRefused: 'it refuses what the app asks for.',
      PostRefused: 'it refuses to show a message.',
      ScopeMissing:
        'a permission is missing. Tick the app’s scopes on marketplace.zoom.us, then add the app to Zoom again.',
      NeedsReconnect: 'nobody’s permission for the app works any more. Reconnect Zoom.',
      BotNotAllowed: 'the app may not write in the channel. Add it to the channel in Zoom.',
      ChannelGone: 'the channel was deleted or archived. Bring it back, or choose another one in the settings.',
      UserGone: 'the agent is not an active user any more.',
      MessageGone: 'a message is not there any more.',
      AccountUnknown: 'the setup is not finished, or no channel is chosen.',
      ZoomUnavailable: 'it does not answer, or is busy.',
    } satisfies Record<FailureType, string>,
    waitReasonUnknown: 'it has not answered.',
    agentsNone: 'Nobody has joined yet',
    agentsNoneEnded: 'Nobody joined',
    agentsWith: (names: string) => `with ${names}`,
    agentsLeft: (names: string) => `${names} left, and nobody has joined since`,
    openChat: 'Open in Zoom',
    openChatOf: (visitor: string) => ` (chat with ${visitor})`,
    emptyHeading: 'No chats yet',
    empty:
      'Put the code of your widget on your website, or press “Preview” to write to yourself as a visitor. The chat then appears in your Zoom channel, and here.',
    channelHeading: 'Inbound channel',
    channelWhat: 'New chats appear in this Zoom channel.',
    channelMissing: 'There is no channel yet in which chats appear. Choose one in the settings.',
    editSettings: 'Edit Settings',
    checkConnection: 'Check the connection',
    widgetHeading: 'Your website',
    widgetWhat: 'Paste this line just before </body> on every page that should have the chat.',
    snippetLabel: 'Code of your widget',
    copy: 'Copy',
    copied: 'Copied',
    copyFailed: 'The code is selected: press Ctrl+C (⌘C on a Mac) to copy it.',
    preview: 'Preview',
    previewWhat: 'See the chat on a sample website.',
    reconnectHeading: 'Zoom is no longer connected',
    reconnect:
      'Zoom no longer accepts the permission that was given to this app, so messages wait until it is given again. Nothing is lost.',
    reconnectLink: 'Reconnect Zoom',
    errorHeading: 'Your dashboard could not be loaded',
    stale: (time: string) => `This is how things were at ${time}.`,
  },

  settings: {
    title: 'Settings',
    heading: 'Settings',
    back: 'Back to the dashboard',
    channelLabel: 'Chat channel',
    channelHint:
      'Every new website chat is announced in this Zoom channel, and everyone in it can press Join Chat. Chats that are already going on stay where they are.',
    channelPrivacy: 'In a public channel, everyone in your organisation can read the first words of a visitor.',
    kinds: { private: 'Private channels', public: 'Public channels', other: 'Other channels' },
    choose: 'Choose a channel',
    loading: 'Loading your channels from Zoom…',
    save: 'Save',
    saving: 'Saving…',
    saved: (channel: string) => `Saved. New chats now appear in “${channel}”.`,
    chooseFirst: 'Choose a channel from the list.',
    saveFailed: 'The channel was not saved.',
    current: (channel: string) => `New website chats are announced in the Zoom channel “${channel}”.`,
    noChannel: 'No Zoom channel is chosen yet in which new website chats are announced.',
    readOnlyHeading: 'You can look, but not change this',
    readOnly: 'The owner and administrators of your Zoom account choose where new chats go. Ask one of them.',
    errorHeading: 'Your channels could not be loaded',
    emptyHeading: 'Zoom shows no channels for you',
    empty: 'Create a channel in Zoom Team Chat, or ask to be added to one. Then load the list again.',
    reload: 'Load the list again',
  },

  connectionCheck: {
    title: 'Connection check',
    heading: 'Connection check',
    back: 'Back to the dashboard',
    lead: 'Proves step by step that your Zoom app does what live chat needs. For two steps you do something in Zoom.',
    whatHeading: 'What it does',
    what: [
      'It posts one card in your inbound channel, where everybody in it can see it.',
      'It asks you to write a word there and to press a button on the card.',
      'It creates a private channel, posts in it, reads the post back and removes the channel.',
    ],
    whatTime: 'It takes about a minute. Have Zoom Team Chat open beside this page.',
    start: 'Start the check',
    startAgain: 'Check again',
    starting: 'Starting…',
    runningHint: 'The check is running. You can close this page: it goes on, and you find it here again.',
    startFailed: 'The check was not started.',
    stepsHeading: 'Steps',
    loading: 'Loading the connection check…',
    errorHeading: 'The connection check could not be loaded',
    stale: (time: string) => `This is how things were at ${time}.`,
    readOnlyHeading: 'You can look, but not run it',
    readOnly: 'The owner and administrators of your Zoom account can check the connection. Ask one of them.',
    progress: (done: number, total: number) => `${String(done)} of ${String(total)} steps done.`,
    announce: (step: string, verdict: string) => `${step}: ${verdict}`,
    done: {
      passed: { title: 'Everything works', body: 'Your Zoom app does all that live chat needs.' },
      noted: { title: 'It works', body: 'Your Zoom app does what live chat needs. Some steps have a note.' },
      incomplete: { title: 'Not everything was checked', body: 'What was checked works. Some steps were skipped.' },
      failed: {
        title: 'Something does not work',
        body: 'Put right what the failed steps say, then check again.',
      },
    },
    steps: {
      token: 'Authorization',
      scopes: 'Permissions',
      channel: 'Inbound channel',
      post: 'The bot posts in the inbound channel',
      echo: 'Event about that post',
      word: 'Event about what you write',
      press: 'Press of a button',
      createChannel: 'Private channel is created',
      postInChannel: 'Post in the private channel',
      readBack: 'The post is read back',
      removeChannel: 'Private channel is removed',
    } satisfies Record<ConnectionCheckStep, string>,
    states: {
      pending: 'Not yet',
      running: 'Working on it',
      waiting: 'Your turn',
      passed: 'Passed',
      noted: 'Passed, with a note',
      failed: 'Failed',
      skipped: 'Not checked',
    } satisfies Record<CheckStepState, string>,
    instructions: {
      word: (word: string, { channel }: CheckFacts) => `Write “${word}” in “${channel}”.`,
      press: (_word: string, { channel }: CheckFacts) => `Press the button “Press me” on the card in “${channel}”.`,
    },
    openChannel: (channel: string) => `Open “${channel}” in Zoom`,
    waitsUntil: (time: string) => `The check waits until ${time}.`,
    choices: {
      nothingHappened: { word: 'I wrote it, and nothing happened', press: 'I pressed it, and nothing happened' },
      retry: 'Retry',
      skip: 'Skip this step',
      goOn: 'Go on without it',
      of: (step: string) => ` (${step})`,
    },
    choiceFailed: 'That did not reach the check.',
    details: 'Details',
    zoomSaid: 'What failed: ',
    settings: 'Open the settings',
    addAgain: 'Add to Zoom again',
    unnamed: 'Somebody whom Zoom does not name',
    userId: (id: string) => `The Zoom user ${id}`,
    /** One sentence for what came out of each step. */
    verdicts: {
      token: {
        ok: () => 'Zoom accepts your authorization of the app.',
        NeedsReconnect: () => 'Zoom no longer accepts your authorization of the app.',
        UserGone: () => 'Zoom says that you are not an active user of this account any more.',
      },
      scopes: {
        ok: () => 'Zoom has granted all that live chat uses.',
        scopesMissing: () => 'Zoom has not granted all that live chat uses.',
        optionalScopesMissing: () => 'Zoom has granted what live chat needs, but not all that it can use.',
        scopesUnknown: () => 'Zoom has not said what it granted; the steps below show what works.',
      },
      channel: {
        ok: ({ channel }) => `Zoom lists the channel “${channel}”.`,
        notListed: ({ channel }) => `Nobody who has added the app is in “${channel}”.`,
        AccountUnknown: () => 'There is no inbound channel yet.',
      },
      post: {
        ok: ({ channel }) => `The bot’s card is in “${channel}”.`,
        BotNotAllowed: ({ channel }) => `Zoom does not let the bot post in “${channel}”.`,
        ChannelGone: ({ channel }) => `“${channel}” was deleted or archived in Zoom.`,
      },
      echo: {
        echoed: () => 'Zoom sends an event about the app’s own posts; the app passes it over.',
        notEchoed: () => 'Zoom sends no event about the app’s own posts. That is fine: the app needs none.',
      },
      word: {
        ok: ({ by }) => `${by} wrote the word, and the event about it has arrived.`,
        nothingArrived: () => 'No event about the word has arrived.',
        dismissed: () => 'Skipped: nobody knows whether events arrive.',
      },
      press: {
        ok: ({ by }) => `${by} pressed the button, and the press has arrived.`,
        nothingArrived: () => 'No press has arrived.',
        dismissed: () => 'Skipped: nobody knows whether presses arrive.',
      },
      createChannel: {
        ok: () => 'The app can create a private channel.',
        ZoomRefused: () => 'Zoom does not let the app create a private channel.',
      },
      postInChannel: {
        byBot: () => 'The bot can post in a private channel.',
        byOwner: () => 'Zoom does not let the bot into a private channel, so its owner’s name stands on the post.',
        BotNotAllowed: () => 'Zoom lets neither the bot nor the channel’s owner post in a private channel.',
      },
      readBack: {
        ok: () => 'The app finds its post in the channel’s history.',
        notFound: () => 'The post is not in the channel’s history.',
      },
      removeChannel: {
        ok: () => 'The private channel is gone.',
        leftBehind: ({ privateChannel }) => `The app may not delete channels: “${privateChannel}” is still in Zoom.`,
        ZoomRefused: ({ privateChannel }) => `Zoom does not let the app delete “${privateChannel}”.`,
      },
    } satisfies Record<ConnectionCheckStep, CheckSentences>,
    /** Where a step has no sentence of its own. */
    anyVerdict: {
      blocked: () => 'Not checked, because a step before it has failed.',
      noAnswer: () => 'There was no answer in time.',
      ScopeMissing: () => 'A permission for this is missing.',
      NeedsReconnect: () => 'Nobody’s authorization of the app works any more.',
      BotNotAllowed: () => 'Zoom does not let the bot do this.',
      ChannelGone: () => 'The channel is not in Zoom any more.',
      ZoomUnavailable: () => 'Zoom does not answer, or is busy.',
    } satisfies CheckSentences,
    otherVerdict: 'Zoom refuses this.',
    /** What to do about it. */
    help: {
      token: {
        NeedsReconnect: () => 'Add the app to Zoom again. Then try again here.',
        UserGone: () => 'Have an active administrator add the app and run the check.',
      },
      scopes: {
        scopesMissing: () => addAppAgain,
        optionalScopesMissing: () =>
          'Live chat works without the rest, but for what is said here. To have it, tick the app’s scopes on marketplace.zoom.us and add the app to Zoom again.',
      },
      channel: {
        notListed: () => 'Join the channel in Zoom, or choose another one in the settings. Then try again.',
        AccountUnknown: () => 'Choose one in the settings. Then try again.',
      },
      post: {
        BotNotAllowed: () => 'Open the channel in Zoom, choose Add apps, and add this app. Then try again.',
        ChannelGone: () => 'Choose another channel in the settings, then start the check again.',
      },
      word: {
        nothingArrived: ({ channel }) =>
          `Look at the app’s event subscription on marketplace.zoom.us. Then try again, and write the word in “${channel}” once more.`,
      },
      press: {
        nothingArrived: () =>
          'Look at the app’s Bot Endpoint URL on marketplace.zoom.us. Then try again, and press the button once more.',
      },
      createChannel: {
        ZoomRefused: () => 'Give the role of whoever added the app the right to edit chat channels. Then try again.',
      },
      postInChannel: {
        byOwner: () => 'Live chat works so: what visitors write appears under a colleague’s name, behind “Visitor ·”.',
        BotNotAllowed: () =>
          'Tick the scope team_chat:write:user_message:admin (classic: chat_message:write:admin) and add the app again. Then try again.',
      },
      readBack: {
        notFound: () => 'Try again. If it stays so, Zoom may keep no history: see its chat settings.',
      },
      removeChannel: {
        leftBehind: () =>
          'Delete it in Zoom. To have the app do it, tick the scope team_chat:delete:user_channel:admin and add the app again.',
        ZoomRefused: () => 'Delete it in Zoom.',
      },
    } satisfies Partial<Record<ConnectionCheckStep, CheckSentences>>,
    anyHelp: {
      noAnswer: () => 'Try again. If it stays so, ask whoever runs this server.',
      ScopeMissing: () => addAppAgain,
      NeedsReconnect: () => 'Add the app to Zoom again. Then try again here.',
      ZoomUnavailable: () => 'Wait a moment, then try again. Zoom tells of outages on status.zoom.us.',
    } satisfies CheckSentences,
    otherHelp: 'The details say what Zoom refused. Put it right, then try again.',
    /** Where to look, in this order. */
    places: {
      word: (events: string) => [
        'Page Features → Access of the app: the event subscription is switched on and saved, for all users in the account.',
        `Its address is ${events}, and “Validate” succeeds.`,
        'It has the event team_chat.channel_message_posted (or, in an older app, chat_message.sent).',
        'The Secret Token on that page is this server’s ZOOM_WEBHOOK_SECRET_TOKEN. With another one its log says “a webhook was refused”.',
      ],
      press: (bot: string) => [
        `Page Features → Surface of the app: the Bot Endpoint URL is ${bot}.`,
        'The Bot JID on that page is this server’s ZOOM_BOT_JID.',
        'The Secret Token on the page Features → Access is this server’s ZOOM_WEBHOOK_SECRET_TOKEN.',
      ],
    },
  },

  preview: {
    title: 'Preview',
    barLabel: 'About this preview',
    bar: 'This is a preview page: the chat below is real, and goes to your Zoom channel.',
    sampleMessage: 'Hi! This is a sample visitor chat. Can you see me in Zoom?',
    unavailable: 'The chat could not be loaded. Reload the page to try again.',
    shop: {
      name: 'Tarn & Trail',
      navigation: 'Shop',
      nav: { packs: 'Packs', shelter: 'Shelter', kitchen: 'Camp kitchen', visit: 'Visit us' },
      heading: 'Gear for slow days and long ways',
      lead: 'Simple things that last, tried on wet weekends before they reach the shelf.',
      ask: 'Ask us about it',
      askAbout: (product: string) => ` (${product})`,
      productsHeading: 'This season',
      products: {
        pack: { name: 'Ridge 38 pack', about: 'Waxed canvas, one big pocket, no dangling straps.', price: '€ 139' },
        tent: { name: 'Two-night tent', about: 'Goes up in four minutes, also in the rain.', price: '€ 268' },
        stove: { name: 'Quiet stove', about: 'Boils a litre before the story ends.', price: '€ 74' },
      },
      visitHeading: 'Visit us',
      visit: 'Boathouse 3, by the lake. Open from Wednesday to Sunday, ten to six. Dogs are welcome.',
      footer: 'Tarn & Trail is an invented shop.',
    },
  },

  error: {
    status: (status: number) => `Error ${String(status)}`,
  },

  /** Pages for visitors of websites: what the links in an e-mail lead to. */
  chat: {
    title: 'Your chat',
    heading: 'Your chat',
    opening: 'Opening your chat…',
    lead: 'The chat is open on this page. Once you close the page, nothing of it stays in this browser: open the link in the e-mail to come back.',
    show: 'Show the chat',
    failed: 'The chat cannot be opened',
    noLink: 'Open the link in the e-mail about your chat.',
    noStorage:
      'This browser keeps nothing for this page, which the chat needs. Allow the page to keep data, or open the link in another browser.',
  },
  stopMails: {
    title: 'Stop e-mails about this chat',
    heading: 'Stop e-mails about this chat?',
    lead: 'You will get no more e-mails about it. The chat itself goes on: what the team writes is there.',
    stop: 'Stop these e-mails',
    doneHeading: 'E-mails about this chat are stopped',
    doneLead: 'You will get no more e-mails about it. What the team writes is still in the chat.',
  },

  operator: {
    title: 'Operator sign-in',
    heading: 'Operator sign-in',
    lead: 'For the people who run this server. If you answer chats, sign in with Zoom instead.',
    password: 'Operator password',
    submit: 'Sign in',

    home: {
      title: 'Operator',
      heading: 'Operator',
      lead: 'Every chat, install and grant is a workflow in Temporal UI. While you are signed in here, for up to 12 hours, Temporal UI shows its payloads decrypted in this browser.',
      openUi: 'Open Temporal UI',
      groups: { chats: 'Chats', installs: 'Installs', grants: 'Grants' },
      lists: {
        waiting: 'Waiting for an agent',
        missed: 'Missed, still joinable',
        active: 'In conversation',
        waitingForZoom: 'Kept waiting by Zoom',
        failedChats: 'Failed, timed out or terminated',
        openInstalls: 'Under way',
        failedInstalls: 'Stopped at a step',
        lostGrants: 'Need to be reconnected',
      },
      unknownCount: 'Temporal did not say how many',
      findHeading: 'Find',
      findLabel: 'What to look for',
      findHint:
        'The name of a visitor, an agent, an account or a chat channel, from any of its words on; the start of an e-mail address; or an id of any of them. Capitals do not matter. Of a chat’s id the last six characters do, which end its channel’s name.',
      find: 'Find',
      foundHeading: (words: string) => `Found for “${words}”`,
      nothing:
        'Nothing is known here by that. Look for the start of a name, as it is written in Zoom or in the widget.',
      started: 'started',
      noAgents: 'no agent',
      person: { chats: 'Chats', install: 'Install', grant: 'Grant' },
      grants: { connected: 'Connected', needsReconnect: 'Needs to reconnect', removed: 'Removed' },
      account: { everything: 'All workflows', waiting: 'Waiting chats', active: 'Chats in conversation' },
      of: (name: string) => ` of ${name}`,
      asAgent: 'Look in Temporal UI for chats of an agent with this Zoom user id',
    },
  },
};

export type Text = typeof en;
