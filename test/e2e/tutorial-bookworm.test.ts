import { tutorialSuite } from './tutorial-suite.ts';

tutorialSuite('bookworm');
