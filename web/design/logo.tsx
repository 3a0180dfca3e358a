/** The mark: the visitor's bubble and the team's, one reaching into the other. Colours come from the tokens. */
export function Logo({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path class="logo-visitor" d={logoPaths.visitor} />
      <path class="logo-team" d={logoPaths.team} />
    </svg>
  );
}

/** Outlines on a 32 × 32 grid. The visitor's bubble is already cut out where the team's lies over it. */
export const logoPaths = {
  visitor: 'M7 2h13a5 5 0 0 1 5 5v1.5H16A7.5 7.5 0 0 0 8.500 16v3H8l-4.300 3.800A1 1 0 0 1 2 22.100V7A5 5 0 0 1 7 2Z',
  team: 'M16 11h9a5 5 0 0 1 5 5v12.600a1 1 0 0 1-1.700.7L24.500 26H16a5 5 0 0 1-5-5v-5a5 5 0 0 1 5-5Z',
} as const;
