import { en, type Text } from './en.ts';

/** The catalogue that the pages read. */
export const text: Text = en;
