// What deploy/backup.sh and deploy/restore.sh need of mongodump and mongorestore, by the driver: one collection after
// the other to standard output, as extended JSON, one document a line.
import { createInterface } from 'node:readline';
import { EJSON } from 'bson';
import { MongoClient } from 'mongodb';

const batch = 500;
const client = await MongoClient.connect('mongodb://mongodb:27017', { serverSelectionTimeoutMS: 5_000 });
const db = client.db('live_chat');

async function dump() {
  const collections = await db.listCollections().toArray();
  for (const { name } of collections.filter(({ name }) => !name.startsWith('system.'))) {
    for await (const document of db.collection(name).find()) {
      process.stdout.write(`${EJSON.stringify({ name, document }, { relaxed: false })}\n`);
    }
  }
}

async function restore() {
  await db.dropDatabase();
  let waiting = [];
  const write = async () => {
    for (const name of new Set(waiting.map((one) => one.name))) {
      await db.collection(name).insertMany(waiting.filter((one) => one.name === name).map(({ document }) => document));
    }
    waiting = [];
  };
  for await (const line of createInterface({ input: process.stdin })) {
    waiting.push(EJSON.parse(line, { relaxed: false }));
    if (waiting.length === batch) await write();
  }
  await write();
}

const commands = { dump, restore, ping: () => db.command({ ping: 1 }) };
try {
  await commands[process.argv[2]]();
} finally {
  await client.close();
}
