/** Every workflow type of the system, by its name in Temporal. Names never change once released. */
export { chat } from './chat/workflow.ts';
export { inbound } from './inbound/workflow.ts';
export { install } from './install/workflow.ts';
export { accountStep } from './install/account-step.ts';
export { grant } from './grant/workflow.ts';
export { connectionCheck } from './connection-check/workflow.ts';
export { routeChange } from './route-change/workflow.ts';
export { erase, retention } from './retention/workflow.ts';
