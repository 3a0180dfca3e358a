import type { ComponentChildren } from 'preact';

function Picture({ children, viewBox }: { children: ComponentChildren; viewBox: string }) {
  return (
    <svg viewBox={viewBox} preserveAspectRatio="xMidYMax slice" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** Hills behind a lake in the evening. */
export const RangePicture = () => (
  <Picture viewBox="0 0 1200 260">
    <circle cx="880" cy="86" r="46" fill="#fbeedb" />
    <path d="M0 128 160 48l110 56L420 4l190 112 130-62 170 88 120-52 170 66v130H0Z" fill="#c79f86" />
    <path d="M0 170 190 96l130 54 190-82 210 102 160-50 320 78v80H0Z" fill="#8c7174" />
    <path d="M0 206c180-54 330-30 480-16s330 8 720-30v100H0Z" fill="#4c4c5e" />
    <path d="M0 238c240-22 460 8 700 0s350-16 500-8v30H0Z" fill="#2f3448" />
  </Picture>
);

/** A rucksack. */
export const PackPicture = () => (
  <Picture viewBox="0 0 240 180">
    <rect width="240" height="180" fill="#ece3d4" />
    <path d="M96 44c0-28 48-28 48 0" fill="none" stroke="#5b4636" stroke-width="7" />
    <rect x="72" y="40" width="96" height="116" rx="26" fill="#b0633f" />
    <rect x="86" y="94" width="68" height="50" rx="12" fill="#974f30" />
    <path d="M72 72h96" stroke="#5b4636" stroke-width="7" />
    <rect x="112" y="64" width="16" height="22" rx="4" fill="#e9c98f" />
  </Picture>
);

/** A small tent. */
export const TentPicture = () => (
  <Picture viewBox="0 0 240 180">
    <rect width="240" height="180" fill="#dde4df" />
    <path d="M24 150 120 42l96 108Z" fill="#6d8a77" />
    <path d="M120 42 152 150H88Z" fill="#3f5a4c" />
    <path d="M120 42v-14" stroke="#3f5a4c" stroke-width="5" stroke-linecap="round" />
    <path d="M10 152h220" stroke="#8d9f94" stroke-width="5" stroke-linecap="round" />
  </Picture>
);

/** A camping stove with a pot. */
export const StovePicture = () => (
  <Picture viewBox="0 0 240 180">
    <rect width="240" height="180" fill="#e3e1ea" />
    <path
      d="M104 40c-8-12 8-16 0-28M128 40c-8-12 8-16 0-28"
      fill="none"
      stroke="#fff"
      stroke-width="6"
      stroke-linecap="round"
    />
    <rect x="72" y="50" width="96" height="54" rx="8" fill="#56586f" />
    <path d="M62 52h116M168 66h26" stroke="#3c3e52" stroke-width="8" stroke-linecap="round" />
    <path d="M120 106c18 14 14 26 0 26s-18-12 0-26Z" fill="#e08a3c" />
    <path
      d="M76 112l-14 44M164 112l14 44M96 136h48v20H96Z"
      fill="#3c3e52"
      stroke="#3c3e52"
      stroke-width="6"
      stroke-linecap="round"
    />
  </Picture>
);
