import type { ComponentChildren } from 'preact';
import { CheckIcon, CrossIcon, SpinnerIcon } from './icons.tsx';

export interface StepView {
  id: string;
  state: 'pending' | 'running' | 'done' | 'failed';
  label: string;
  stateLabel: string;
  detail?: string | undefined;
  /** Below the step, e.g. why it failed and what to do. */
  extra?: ComponentChildren;
}

/** A list of steps with the state of each in words, in shape and in colour. */
export function Steps({ steps, labelledBy }: { steps: StepView[]; labelledBy: string }) {
  return (
    <ol class="steps" aria-labelledby={labelledBy}>
      {steps.map((step, index) => (
        <li
          key={step.id}
          class={`step step-${step.state}`}
          aria-current={step.state === 'running' ? 'step' : undefined}
        >
          <span class="step-mark" aria-hidden="true">
            {step.state === 'done' ? (
              <CheckIcon size={16} />
            ) : step.state === 'failed' ? (
              <CrossIcon size={16} />
            ) : step.state === 'running' ? (
              <SpinnerIcon size={16} />
            ) : (
              index + 1
            )}
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
