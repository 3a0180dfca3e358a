import { Schema, type Connection, type InferRawDocType } from 'mongoose';
import type { ChannelRef } from '../domain/channel.ts';
import { widgetSettingsSchema, type WidgetSettings } from '../domain/widget.ts';
import { insertedNow } from './errors.ts';
import { date, optionalChannel, text } from './fields.ts';

const definition = {
  /** Public id in the embed snippet; not a secret. */
  _id: text,
  accountId: text,
  /** What the account calls this website; no two of its widgets have the same name. */
  name: text,
  createdAt: date,
  /** Where new chats appear. Absent until the install has found or created it. */
  inboundChannel: optionalChannel,
} as const;
const schema = new Schema(
  { ...definition, settings: Schema.Types.Mixed },
  { collection: 'widgets', versionKey: false, minimize: false },
);
schema.index({ accountId: 1, name: 1 }, { unique: true });

/** One website of an account: its inbound channel and its public settings. */
export type Widget = InferRawDocType<typeof definition> & { settings: WidgetSettings };

/** Reads and writes of widgets. Every write is an insert under a unique key or a `$set` by key. */
export function widgetStore(connection: Connection) {
  const model = connection.model('Widget', schema);
  return {
    model,
    /** Create the widget unless its id, or its name within the account, is taken: true if this call created it. */
    async provision(widget: Widget): Promise<boolean> {
      return insertedNow(model.insertOne(widget));
    },
    async get(widgetId: string): Promise<Widget | null> {
      const found = await model.findById(widgetId).lean();
      return found && withSettings(found);
    },
    /** The widgets of an account, the oldest first. */
    async ofAccount(accountId: string): Promise<Widget[]> {
      return (await model.find({ accountId }).sort({ createdAt: 1 }).lean()).map(withSettings);
    },
    async deleteOfAccount(accountId: string): Promise<void> {
      await model.deleteMany({ accountId });
    },
    async setInboundChannel(widgetId: string, inboundChannel: ChannelRef): Promise<void> {
      await model.updateOne({ _id: widgetId }, { $set: { inboundChannel } });
    },
  };
}

function withSettings<W extends { settings?: unknown }>(widget: W): W & { settings: WidgetSettings } {
  return { ...widget, settings: widgetSettingsSchema.parse(widget.settings ?? {}) };
}
