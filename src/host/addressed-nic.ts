/** Why an interface of the host is not put into a bridge: one sentence for every machine. */
import type { LinkFact } from '../plan/facts.ts';

/** The interface has addresses, which a bridge that it is a port of would cut off. */
export function addressedNic({ name, master }: LinkFact, addresses: string): string {
  return `${name} has addresses of its own (${addresses}), which would be cut off if it became a port of ${master}: move them to a bridge by \`neutrino nic adopt ${name}\` and name the bridge in bridge_mappings, or map an interface without addresses`;
}
