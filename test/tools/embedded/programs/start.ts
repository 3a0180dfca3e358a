/** `npm start` with stand-ins for the product's programs. */
import { main } from '../../../../tools/scripts/start.ts';
import { standIns } from './index.ts';

process.exit(await main([], standIns));
