/** The errors of trunks (neutron/services/trunk/exceptions.py). */
import { fault } from './fault.ts';

export const trunkNotFound = fault(
  'TrunkNotFound',
  404,
  (id: string) => `Trunk ${id} could not be found.`,
  'Check the id; a row of another project cannot be seen.',
);
export const subportNotFound = fault(
  'SubPortNotFound',
  404,
  (portId: string, trunkId: string) => `SubPort ${portId} on trunk ${trunkId} could not be found.`,
  'GET …/get_subports lists the subports of the trunk.',
);
export const trunkPortInUse = fault(
  'TrunkPortInUse',
  409,
  (portId: string) => `Port ${portId} is in use by another trunk.`,
  'Take the port from the other trunk first.',
);
export const duplicateSubport = fault(
  'DuplicateSubPort',
  409,
  (type: string, id: number, trunkId: string) =>
    `segmentation_type ${type} and segmentation_id ${id} already in use on trunk ${trunkId}.`,
  'Choose another segmentation id.',
);
export const parentPortInUse = fault(
  'ParentPortInUse',
  409,
  (portId: string) => `Port ${portId} is currently in use and is not eligible for use as a parent port.`,
  'Choose a port that is in no trunk, and on no host or on one that can wire trunks.',
);
export const subportMtuTooLarge = fault(
  'SubPortMtuGreaterThanTrunkPortMtu',
  409,
  (portId: string, portMtu: number, trunkId: string, trunkMtu: number) =>
    `MTU ${portMtu} of subport ${portId} cannot be greater than MTU ${trunkMtu} of trunk ${trunkId}.`,
  "Lower the MTU of the subport's network, or raise that of the parent port's.",
);
export const portInUseAsTrunkParent = fault(
  'PortInUseAsTrunkParent',
  409,
  (portId: string, trunkId: string) => `Port ${portId} is currently a parent port for trunk ${trunkId}.`,
  'Delete the trunk first.',
);
export const portInUseAsSubport = fault(
  'PortInUseAsSubPort',
  409,
  (portId: string, trunkId: string) => `Port ${portId} is currently a subport for trunk ${trunkId}.`,
  'Take the port from the trunk first: remove_subports.',
);
export const trunkInUse = fault(
  'TrunkInUse',
  409,
  (id: string) => `Trunk ${id} is currently in use.`,
  'Take the parent port from its host first.',
);
export const trunkDisabled = fault(
  'TrunkDisabled',
  409,
  (id: string) => `Trunk ${id} is currently disabled.`,
  'Set admin_state_up of the trunk to true first.',
);
export const trunkInErrorState = fault(
  'TrunkInErrorState',
  409,
  (id: string) => `Trunk ${id} is in error state. Attempt to resolve the error condition before proceeding.`,
  'Delete the trunk, or look on its host at what failed.',
);
