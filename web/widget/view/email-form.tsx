import type { JSX } from 'preact';
import type { ViewProps } from './view-props.ts';

/** Asks for an address to be answered at. Nothing waits for it. */
export function EmailForm({ app, state, locale }: Pick<ViewProps, 'app' | 'state' | 'locale'>): JSX.Element {
  const { texts } = locale;
  const isWrong = state.address?.status === 'failed';
  const isPending = state.address !== null && !isWrong;
  const save = (event: Event): void => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements[0] as HTMLInputElement;
    if (!isPending) app.giveEmail(field.value);
  };
  return (
    <form class="email" noValidate onSubmit={save}>
      <label for="email">{texts.emailLabel}</label>
      <input
        id="email"
        type="email"
        autocomplete="email"
        aria-invalid={isWrong}
        aria-describedby="wrong"
        readOnly={isPending}
      />
      <button class="quiet" aria-disabled={isPending}>
        {texts.emailSave}
      </button>
      <div id="wrong" class="small failed" role="status">
        {isWrong && texts.emailInvalid}
      </div>
    </form>
  );
}
