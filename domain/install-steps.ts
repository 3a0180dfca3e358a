/**
 * The steps of an install, in order, by the ids that the onboarding page gives words to. In a file of its own, since
 * workflow code loads it: whatever that loads, each workflow has a copy of.
 */
export const installSteps = [
  'fetchUser',
  'provisionAccount',
  'inboundChannel',
  'welcomeCard',
  'welcomeMessage',
] as const;
export type InstallStep = (typeof installSteps)[number];
