/** The errors of segments and of networks with several (neutron/services/segments/exceptions.py, neutron_lib/exceptions). */
import { fault } from './fault.ts';

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
export const rangeNotFound = fault(
  'NetworkSegmentRangeNotFound',
  404,
  (id: string) => `Network Segment Range ${id} could not be found.`,
  'Check the id; ranges are for administrators.',
);
export const rangeTypeNotSupported = fault(
  'NetworkSegmentRangeNetTypeNotSupported',
  400,
  (type: string) => `Network type ${type} does not support network segment ranges.`,
  'Name vlan, vxlan, gre or geneve, and have it in type_drivers.',
);
export const rangeInUse = fault(
  'NetworkSegmentRangeReferencedByProject',
  409,
  (id: string) => `Network Segment Range ${id} is referenced by one or more project networks.`,
  'Delete the networks whose numbers would be outside, or leave them inside.',
);
export const rangeReadOnly = fault(
  'NetworkSegmentRangeDefaultReadOnly',
  400,
  (id: string) => `Network Segment Range ${id} is a default segment range which could not be updated or deleted.`,
  'Change vni_ranges, network_vlan_ranges or tunnel_id_ranges in ml2_conf.ini.',
);
export const rangeOverlaps = fault(
  'NetworkSegmentRangeOverlaps',
  409,
  (ids: string) => `Network segment range overlaps with range(s) with id ${ids}`,
  'Give a range that shares no number with another of its type.',
);
export const vlanRangeInvalid = fault(
  'NetworkVlanRangeError',
  400,
  (range: string, error: string) => `Invalid network VLAN range: '${range}' - '${error}'.`,
  'Give VLAN ids from 1 to 4094, the lower one as minimum, and a physical network.',
);
export const tunnelRangeInvalid = fault(
  'NetworkTunnelRangeError',
  400,
  (range: string, error: string) => `Invalid network tunnel range: '${range}' - ${error}.`,
  'Give numbers that fit into the frames of the type, the lower one as minimum.',
);
