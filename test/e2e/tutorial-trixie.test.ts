import { tutorialSuite } from './tutorial-suite.ts';

tutorialSuite('trixie');
