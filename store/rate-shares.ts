import { randomUUID } from 'node:crypto';
import { Schema, type Connection } from 'mongoose';
import { insertedNow } from './errors.ts';

/**
 * What one process claims of one Zoom account's rate. `_id` is `<accountId>/<label>/<place>`; written by the process that
 * holds the place, and by nobody else while it is alive.
 */
interface RateShare {
  _id: string;
  /** The process. */
  holder: string;
  claim: number;
  wants: number;
  speed: number;
  at: Date;
}

/** A part of an account's calls of one day that a process has taken. `_id` is `<accountId>/<label>/<day>/<part>`. */
interface DayPartTaken {
  _id: string;
  holder: string;
}

const shareSchema = new Schema<RateShare>(
  { _id: String, holder: String, claim: Number, wants: Number, speed: Number, at: Date },
  { collection: 'rate_shares', versionKey: false },
);
const daySchema = new Schema<DayPartTaken>(
  { _id: String, holder: String },
  { collection: 'rate_days', versionKey: false },
);

/** Most processes that share one account's rate at a time. */
const places = Array.from({ length: 16 }, (_, place) => place);
/** A process that has not written for so long is dead, ms: twice what it trusts its own claim. */
const deadAfterMs = 6_000;
const partsOfDay = 100;

interface Post {
  claim: number;
  wants: number;
  speed: number;
}

/** What the processes tell each other about the rates of busy Zoom accounts. Empty while no account is busy. */
export function rateShareStore(connection: Connection, holder: string = randomUUID()) {
  const model = connection.model('RateShare', shareSchema);

  /** The posts for this rate, by their keys. */
  async function posts(key: string): Promise<Map<number, RateShare>> {
    const found = await model.find({ _id: { $in: places.map((place) => `${key}/${place}`) } }).lean<RateShare[]>();
    return new Map(found.map((post) => [Number(post._id.slice(key.length + 1)), post]));
  }

  /** Write under the first place that nobody alive has; undefined when there is none. */
  async function settle(key: string, post: Post, known: ReadonlyMap<number, RateShare>): Promise<number | undefined> {
    for (const place of places) {
      const _id = `${key}/${place}`;
      const taken = known.get(place);
      if (taken && isAlive(taken) && taken.holder !== holder) continue;
      // By what was seen, so that of two who clear a place away neither removes what the other wrote into it.
      if (taken) await model.deleteOne({ _id, holder: taken.holder, at: taken.at });
      if (await insertedNow(model.insertOne({ _id, holder, ...post, at: new Date() }))) return place;
    }
    return undefined;
  }

  return {
    model,
    /** Write what this process claims, then read what the others do. See `ShareBoard`. */
    async exchange(key: string, { place: wished, claim, wants, speed }: Post & { place?: number | undefined }) {
      const post = { claim, wants, speed };
      let place = wished;
      if (place !== undefined) {
        const { matchedCount } = await model.updateOne(
          { _id: `${key}/${place}`, holder },
          { $set: { ...post, at: new Date() } },
        );
        if (matchedCount === 0) place = undefined;
      }
      place ??= await settle(key, post, await posts(key));
      const others = [...(await posts(key))].flatMap(([at, other]) =>
        other.holder !== holder && isAlive(other)
          ? [{ place: at, claim: other.claim, wants: other.wants, speed: other.speed }]
          : [],
      );
      return { place, others };
    },
    async leave(key: string, place: number): Promise<void> {
      await model.deleteOne({ _id: `${key}/${place}`, holder });
    },
  };
}

/** The parts of the day that were taken, for plans with a cap on a day's calls. */
export function rateDayStore(connection: Connection, holder: string = randomUUID()) {
  const model = connection.model('RateDay', daySchema);
  return {
    model,
    /** Take a part of an account's day: true for the first who asks. The first part of a day removes those of earlier days. */
    async take({ key, day, part }: { key: string; day: number; part: number }): Promise<boolean> {
      const keys = (of: number) => Array.from({ length: partsOfDay }, (_, n) => `${key}/${of}/${n}`);
      const ours = await insertedNow(model.insertOne({ _id: `${key}/${day}/${part}`, holder }));
      if (ours && part === 0) await model.deleteMany({ _id: { $in: [...keys(day - 1), ...keys(day - 2)] } });
      return ours;
    },
  };
}

function isAlive({ at }: RateShare): boolean {
  return Date.now() - at.getTime() < deadAfterMs;
}
