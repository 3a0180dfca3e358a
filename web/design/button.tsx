import type { ComponentChildren } from 'preact';

interface Look {
  kind?: 'primary' | 'secondary' | 'quiet';
  large?: boolean;
}

const classes = ({ kind = 'primary', large = false }: Look) =>
  ['button', kind !== 'primary' && `button-${kind}`, large && 'button-large'].filter(Boolean).join(' ');

interface ButtonProps extends Look {
  children: ComponentChildren;
  type?: 'button' | 'submit';
  onClick?: () => void;
  /** Stays in the tab order and says why in `describedBy`, instead of vanishing for keyboards as `disabled` would. */
  unavailable?: boolean;
  describedBy?: string;
}

/** A button. One primary button a page at most. */
export function Button({ children, type = 'button', onClick, unavailable = false, describedBy, ...look }: ButtonProps) {
  return (
    <button
      type={type}
      class={classes(look)}
      aria-disabled={unavailable ? 'true' : undefined}
      aria-describedby={describedBy}
      onClick={(event) => {
        if (unavailable) event.preventDefault();
        else onClick?.();
      }}
    >
      {children}
    </button>
  );
}

interface ButtonLinkProps extends Look {
  children: ComponentChildren;
  href: string;
}

/** A link that looks like a button: for going somewhere, never for doing something. */
export function ButtonLink({ children, href, ...look }: ButtonLinkProps) {
  return (
    <a class={classes(look)} href={href}>
      {children}
    </a>
  );
}
