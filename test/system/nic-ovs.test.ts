import { nicMoveTests } from './support/nic-suite.ts';

nicMoveTests('ovs');
