import { Dashboard } from '../pages/dashboard.tsx';
import { takeOver } from './take-over.ts';

takeOver(<Dashboard />);
