import {
  connectionCheckSteps,
  type CheckChoice,
  type CheckOutcome,
  type CheckStepState,
  type CheckStepView,
  type ConnectionCheckProgress,
  type ConnectionCheckStep,
} from '../../domain/connection-check.ts';
import type { CheckChosen, CheckEvent } from './messages.ts';

/** What came out of a step. */
export type StepResult = Omit<CheckStepView, 'id' | 'state' | 'until' | 'choices'> & {
  state: Exclude<CheckStepState, 'pending' | 'running' | 'waiting'>;
  outcome: CheckOutcome;
};

/** The state of one check: its steps, what has arrived from Zoom, and what somebody has chosen. */
export class Check {
  readonly id: string;
  readonly progress: ConnectionCheckProgress;
  readonly #onChange: () => void;
  #chosen: CheckChoice | undefined;

  /** @param input.id goes into the card and the button: by it a press is known to be of this check. */
  constructor(input: { id: string; word: string; startedAt: number }, onChange: (check: Check) => void) {
    const { id, word, startedAt } = input;
    this.id = id;
    this.#onChange = () => onChange(this);
    const steps = connectionCheckSteps.map((step): CheckStepView => ({ id: step, state: 'pending' }));
    this.progress = { status: 'running', startedAt, word, steps };
  }

  step(id: ConnectionCheckStep): CheckStepView {
    const found = this.progress.steps.find((step) => step.id === id);
    if (!found) throw new Error(`There is no step ${id}.`);
    return found;
  }

  hasPassed(id: ConnectionCheckStep): boolean {
    return this.step(id).state === 'passed';
  }

  begin(id: ConnectionCheckStep): void {
    this.#set(id, { state: 'running' });
  }

  /** Somebody is to do something in Zoom. */
  waitForPerson(id: ConnectionCheckStep, until: number): void {
    this.#set(id, { state: 'waiting', until, choices: ['nothingHappened', 'skip'] });
  }

  settle(id: ConnectionCheckStep, result: StepResult): void {
    this.#set(id, result);
  }

  /** Whoever watches may put right what stopped the step. */
  offerRetry(id: ConnectionCheckStep): void {
    this.#set(id, { ...this.step(id), choices: ['retry', 'skip'] });
  }

  withdrawChoices(id: ConnectionCheckStep): void {
    const { choices: _choices, ...step } = this.step(id);
    this.#set(id, step);
  }

  finish(): void {
    this.progress.status = 'done';
    this.#onChange();
  }

  /** What somebody has chosen since the step last changed. */
  get chosen(): CheckChoice | undefined {
    return this.#chosen;
  }

  onChoice({ step, choice }: CheckChosen): void {
    if (this.step(step).choices?.includes(choice)) this.#chosen ??= choice;
  }

  /** What arrives late counts as well: the step is passed then. */
  onEvent(event: CheckEvent): void {
    if (event.checkId !== this.id || this.progress.status === 'done') return;
    if (event.kind === 'echo') this.#set('echo', { state: 'passed', outcome: 'echoed' });
    else if (this.step(event.kind).state !== 'passed') {
      this.#set(event.kind, { state: 'passed', outcome: 'ok', by: event.userId });
    }
  }

  /** Whether something that live chat needs does not work. */
  get hasFailed(): boolean {
    return this.progress.steps.some(({ state }) => state === 'failed');
  }

  #set(id: ConnectionCheckStep, view: Omit<CheckStepView, 'id'>): void {
    const at = this.progress.steps.findIndex((step) => step.id === id);
    this.progress.steps[at] = { ...view, id };
    this.#chosen = undefined;
    this.#onChange();
  }
}
