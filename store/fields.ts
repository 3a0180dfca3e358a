import { Schema } from 'mongoose';

// Zoom leaves some texts empty, which mongoose would take for missing.
Schema.Types.String.checkRequired((value) => typeof value === 'string');

/** Parts of mongoose schemas. A field that may be missing is missing, never null. */
export const text = { type: String, required: true } as const;
export const optionalText = { type: String, allowNull: false } as const;
export const number = { type: Number, required: true } as const;
export const date = { type: Date, required: true } as const;
export const optionalDate = { type: Date, allowNull: false } as const;
/** A time that may be over again: null then. */
export const nullableDate = { type: Date } as const;

/** A `ChannelRef` of domain/channel.ts. */
export const optionalChannel = {
  type: { id: text, jid: text, name: text, url: text },
  _id: false,
  allowNull: false,
} as const;
