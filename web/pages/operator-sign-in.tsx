import { Button } from '../design/button.tsx';
import { describeField, Field } from '../design/field.tsx';
import { text } from '../text/index.ts';

const words = text.operator;

export interface OperatorSignInProps {
  error?: string;
  /** Path to go on to after the sign-in. */
  next: string;
}

/** Sign-in of those who run the server. A plain form: it works without JavaScript. */
export function OperatorSignIn({ error, next }: OperatorSignInProps) {
  return (
    <div class="wrap plain">
      <h1>{words.heading}</h1>
      <p class="plain-message soft">{words.lead}</p>
      <form class="stack plain-form" method="post" action="/operator/signin">
        <input type="hidden" name="next" value={next} />
        <Field id="password" label={words.password} error={error}>
          <input
            id="password"
            name="password"
            type="password"
            class="input"
            autocomplete="current-password"
            required
            {...describeField('password', { hint: false, error: error !== undefined })}
          />
        </Field>
        <div>
          <Button type="submit">{words.submit}</Button>
        </div>
      </form>
    </div>
  );
}
