// Lets mongodb-memory-server download mongod into a folder and prints `path=<where>`. A process of its own, so that a
// download that hangs can be ended.
//
// Usage: node mongod.mjs <version> <folder>
import { MongoBinary } from 'mongodb-memory-server-core';

const [version, downloadDir] = process.argv.slice(2);
try {
  console.log(`path=${await MongoBinary.getPath({ version, downloadDir, checkMD5: true })}`);
} catch (error) {
  console.error(error instanceof Error ? error.message.replaceAll('\n', ' ') : error);
  process.exit(1);
}
