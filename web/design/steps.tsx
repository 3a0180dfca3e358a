import type { ComponentChildren } from 'preact';
import { AlertIcon, CheckIcon, CrossIcon, SpinnerIcon } from './icons.tsx';

export interface StepView {
  id: string;
  /** `waiting`: for the reader; `noted`: done, and there is something to know; `skipped`: left out. */
  state: 'pending' | 'running' | 'waiting' | 'done' | 'noted' | 'failed' | 'skipped';
  label: string;
  stateLabel: string;
  detail?: string | undefined;
  /** Below the step, e.g. why it failed and what to do. */
  extra?: ComponentChildren;
}

/**
 * A list of steps with the state of each in words, in shape and in colour. A step can be given the focus, when a button
 * in it goes.
 */
export function Steps({ steps, labelledBy }: { steps: StepView[]; labelledBy: string }) {
  return (
    <ol class="steps" aria-labelledby={labelledBy}>
      {steps.map((step, index) => (
        <li
          key={step.id}
          id={`step-${step.id}`}
          tabIndex={-1}
          class={`step step-${step.state}`}
          aria-current={step.state === 'running' || step.state === 'waiting' ? 'step' : undefined}
        >
          <span class="step-mark" aria-hidden="true">
            <Mark state={step.state} number={index + 1} />
          </span>
          <span class="step-text">{step.label}</span>
          <span class="step-state">{step.stateLabel}</span>
          {step.detail === undefined ? null : <span class="step-detail">{step.detail}</span>}
          {step.extra === undefined ? null : <div class="step-extra">{step.extra}</div>}
        </li>
      ))}
    </ol>
  );
}

function Mark({ state, number }: Pick<StepView, 'state'> & { number: number }) {
  switch (state) {
    case 'done':
      return <CheckIcon size={16} />;
    case 'failed':
      return <CrossIcon size={16} />;
    case 'running':
      return <SpinnerIcon size={16} />;
    case 'noted':
      return <AlertIcon size={16} />;
    case 'skipped':
      return <>–</>;
    case 'waiting':
    case 'pending':
      return <>{number}</>;
  }
}
