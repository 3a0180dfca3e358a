import { Settings } from '../pages/settings.tsx';
import { takeOver } from './take-over.ts';

takeOver(<Settings />);
