/** The errors of segments and of networks with several (neutron/services/segments/exceptions.py, neutron_lib/exceptions). */
import { fault } from './faults.ts';

export const segmentNotFound = fault(
  'SegmentNotFound',
  404,
  (id: string) => `Segment ${id} could not be found.`,
  'Check the id; segments are for administrators.',
);
export const segmentInUse = fault(
  'SegmentInUse',
  409,
  (id: string, reason: string) => `Segment '${id}' cannot be deleted: ${reason}.`,
  'Delete the subnets of the segment and unbind the ports on it first.',
);
export const subnetsNotAllAssociated = fault(
  'SubnetsNotAllAssociatedWithSegments',
  400,
  (networkId: string) =>
    `All of the subnets on network '${networkId}' must either all be associated with segments or all not associated with any segment.`,
  'Give segment_id with each subnet of the network, or with none.',
);
export const subnetSegmentChangeNotAllowed = fault(
  'SubnetSegmentAssociationChangeNotAllowed',
  400,
  () => 'A subnet that is already associated with a segment cannot have its segment association changed.',
  'Delete the subnet and make it anew on the other segment.',
);
export const noUpdateWithSeveralSegments = fault(
  'NoUpdateSubnetWhenMultipleSegmentsOnNetwork',
  400,
  (networkId: string) =>
    `The network '${networkId}' has multiple segments, it is only possible to associate an existing subnet with a segment on networks with a single segment.`,
  'Associate the subnet while the network has one segment.',
);
export const networkIdsDontMatch = fault(
  'NetworkIdsDontMatch',
  400,
  (networkId: string, segmentId: string) =>
    `The subnet's network id, '${networkId}', doesn't match the network_id of segment '${segmentId}'`,
  'Name a segment of the network of the subnet.',
);
export const hostNotConnectedToAnySegment = fault(
  'HostNotConnectedToAnySegment',
  409,
  (host: string, networkId: string) =>
    `Host ${host} is not connected to any segments on routed provider network '${networkId}'.  It should be connected to one.`,
  'Give the host a bridge for the physical network of a segment: bridge_mappings.',
);
export const hostNotCompatibleWithFixedIps = fault(
  'HostNotCompatibleWithFixedIps',
  409,
  (host: string, portId: string) =>
    `Host ${host} is not connected to a segment where the existing fixed_ips on port ${portId} will function given the routed network topology.`,
  'Choose a host on the segment of the addresses, or give the port other addresses.',
);
export const segmentsWithProviders = fault(
  'SegmentsSetInConjunctionWithProviders',
  400,
  () => 'Segments and provider values cannot both be set.',
  'Give segments, or the provider attributes.',
);
export const duplicateSegment = fault(
  'SegmentsContainDuplicateEntry',
  400,
  () => 'Duplicate segment entry in request.',
  'Name each segment once.',
);
