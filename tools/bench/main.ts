import { main } from './run.ts';

process.exit(await main(process.argv.slice(2)));
