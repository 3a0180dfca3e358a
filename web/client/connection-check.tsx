import { ConnectionCheck } from '../pages/connection-check.tsx';
import { takeOver } from './take-over.ts';

takeOver(<ConnectionCheck />);
