import type { ComponentChildren } from 'preact';
import { AlertIcon } from './icons.tsx';

interface FieldProps {
  /** Id of the control; its hint and error are `<id>-hint` and `<id>-error`. */
  id: string;
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: ComponentChildren;
}

/** A labelled control with its hint, and its error beside it. */
export function Field({ id, label, hint, error, children }: FieldProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint === undefined ? null : (
        <div class="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {children}
      {error === undefined ? null : (
        <p class="field-error" id={`${id}-error`} role="alert">
          <AlertIcon />
          <span>{error}</span>
        </p>
      )}
    </div>
  );
}

/** What a control inside a `Field` needs so that its hint and error are read out with it. */
export function describeField(id: string, { hint, error }: { hint: boolean; error: boolean }) {
  const ids = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return {
    'aria-describedby': ids === '' ? undefined : ids,
    'aria-invalid': error ? ('true' as const) : undefined,
  };
}
