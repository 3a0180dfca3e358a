/** The accent colour and the one that can be read on it. */
export type Accent = [background: string, foreground: '#fff' | '#000'];

/**
 * Validates a CSS colour by letting a canvas read it: what comes back is `#rrggbb` or nothing, so no other CSS can
 * come in through the attribute. Colours that are translucent or cannot be written so are refused.
 */
export function readAccent(colour: string | undefined, context: { fillStyle: unknown } | null): Accent | null {
  if (!colour || !context) return null;
  // A value that the canvas refuses leaves the old one standing, and no colour is this one by chance.
  context.fillStyle = '#010203';
  context.fillStyle = colour;
  const background = String(context.fillStyle);
  return /^#(?!010203)[\da-f]{6}$/.test(background) ? [background, readableOn(background)] : null;
}

/** White where it reaches a contrast of 4.5:1 on `background` (`#rrggbb`), else black, which then does. */
export function readableOn(background: string): Accent[1] {
  return 1.05 / (luminance(background) + 0.05) >= 4.5 ? '#fff' : '#000';
}

/** Relative luminance as WCAG defines it. */
export function luminance(colour: string): number {
  return [0.2126, 0.7152, 0.0722].reduce((sum, weight, index) => {
    const value = parseInt(colour.slice(2 * index + 1, 2 * index + 3), 16) / 255;
    return sum + weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }, 0);
}
