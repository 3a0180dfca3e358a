import { Onboarding } from '../pages/onboarding.tsx';
import { takeOver } from './take-over.ts';

takeOver(<Onboarding />);
