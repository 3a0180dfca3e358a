import type { ComponentChildren } from 'preact';

function Icon({ children, size = 18, spin = false }: { children: ComponentChildren; size?: number; spin?: boolean }) {
  return (
    <svg
      class={spin ? 'spinner' : undefined}
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

/** Something is done. */
export const CheckIcon = ({ size = 18 }: { size?: number }) => (
  <Icon size={size}>
    <path d="M4.5 10.5 8.5 14.5 15.5 6" />
  </Icon>
);

/** Something failed. */
export const CrossIcon = ({ size = 18 }: { size?: number }) => (
  <Icon size={size}>
    <path d="M5.5 5.5 14.5 14.5M14.5 5.5 5.5 14.5" />
  </Icon>
);

/** Something needs attention. */
export const AlertIcon = ({ size = 18 }: { size?: number }) => (
  <Icon size={size}>
    <path d="M10 2.8 18 16.8H2ZM10 8v3.6M10 14.2v.1" />
  </Icon>
);

/** Good to know. */
export const InfoIcon = ({ size = 18 }: { size?: number }) => (
  <Icon size={size}>
    <circle cx="10" cy="10" r="7.6" />
    <path d="M10 9.4v4.2M10 6.4v.1" />
  </Icon>
);

/** Under way. */
export const SpinnerIcon = ({ size = 18 }: { size?: number }) => (
  <Icon size={size} spin>
    <path d="M10 2.5a7.5 7.5 0 1 1-7.5 7.5" />
  </Icon>
);

/** A link that leaves this site. */
export const OutIcon = ({ size = 15 }: { size?: number }) => (
  <Icon size={size}>
    <path d="M8 4H4v12h12v-4M11.5 3.5h5v5M16 4l-7 7" />
  </Icon>
);

/** Back to the page before. */
export const BackIcon = ({ size = 16 }: { size?: number }) => (
  <Icon size={size}>
    <path d="M16 10H4.5M9 5l-5 5 5 5" />
  </Icon>
);
