import { ApplicationFailure, log, workflowInfo, type WorkflowInterceptors } from '@temporalio/workflow';
import { isUnsealed } from '../domain/unsealed.ts';

/** What operators send by hand, in readable form: each checks its input itself. */
const byHand: ReadonlySet<string> = new Set([
  'erase',
  'endChat',
  'reassignChat',
  'retryNow',
  'retryInstall',
  'askToReconnect',
]);

/** What has no input, so that there is nothing to seal: it says that something is worth a look, and nothing more. */
const withoutInput: ReadonlySet<string> = new Set(['retention', 'tryAgain', 'onboardingDone', 'retryAsked', 'granted']);

/**
 * Only who has the payload keys can put words into a workflow. Anybody else who reaches Temporal can send signals and
 * start workflows too: what they send is dropped, with a line in the log, and the workflow goes on.
 *
 * Loaded with every worker. What it does depends on nothing but the input, so that a replay does the same.
 */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      // Asynchronous, so that a refusal fails the workflow or the update, and not its task.
      async execute(input, next) {
        return next({ ...input, args: required(workflowInfo().workflowType, input.args) });
      },
      async handleSignal(input, next) {
        const args = accepted(input.signalName, input.args);
        if (args) await next({ ...input, args });
        else log.warn('A signal that was not sealed for this workflow was dropped.', { signal: input.signalName });
      },
      validateUpdate: (input, next) => next({ ...input, args: required(input.name, input.args) }),
      async handleUpdate(input, next) {
        return next({ ...input, args: required(input.name, input.args) });
      },
      async handleQuery(input, next) {
        if (input.args.some(isUnsealed)) throw refused(input.queryName);
        return next(input);
      },
    },
  ],
  outbound: [
    {
      async startChildWorkflowExecution(input, next) {
        const [started, completed] = await next(input);
        const checked = completed.then(sealedResult);
        // Who starts a child need not wait for its end.
        checked.catch(() => undefined);
        return [started, checked];
      },
    },
  ],
});

/** The input as its handler takes it; nothing when it must not get to it. */
function accepted(name: string, args: unknown[]): unknown[] | undefined {
  const sealed = args.length > 0 && !args.some(isUnsealed);
  const allowed = sealed || byHand.has(name) || (args.length === 0 && withoutInput.has(name));
  return allowed ? args.map((arg) => (isUnsealed(arg) ? arg.value : arg)) : undefined;
}

/** @throws {ApplicationFailure} which ends an update, or the workflow that somebody has started. */
function required(name: string, args: unknown[]): unknown[] {
  const input = accepted(name, args);
  if (!input) throw refused(name);
  return input;
}

function refused(name: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`The input of ${name} was not sealed for this workflow.`, 'NotSealed');
}

/** A worker of ours would have sealed it. Not a failure of the workflow: its task fails until somebody looks. */
function sealedResult(result: unknown): unknown {
  if (isUnsealed(result)) throw new Error('The result of a child workflow was not sealed.');
  return result;
}
