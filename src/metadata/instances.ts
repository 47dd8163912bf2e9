/** Whose request it is: instances by the network they are on and the address they have there. */
import type { HostKey, HostMetadata, HostObject } from '../model/host-objects.ts';
import { eui64Address } from '../rules/ipam.ts';

type Entry = HostMetadata['instances'][number];

/** A port of an instance, with what is known of its network. */
export interface InstancePort {
  readonly port: Entry;
  readonly network: HostMetadata;
}

/** An instance, by the port that its request came from. */
export interface Instance {
  /** Its `device_id`; '' where nobody gave it one. */
  readonly id: string;
  readonly projectId: string;
  readonly asking: InstancePort;
  /** All its ports that this host knows of; that of the request first. */
  readonly ports: readonly InstancePort[];
}

/** Where a request came in. */
export type Door = { readonly network: string } | { readonly router: string };

/** Finds instances; told of the objects of the host as they come and go. */
export class Instances {
  /** Network id → address → port. */
  readonly #byAddress = new Map<string, Map<string, InstancePort>>();
  /** Device id → port id → port. */
  readonly #byDevice = new Map<string, Map<string, InstancePort>>();
  /** Router id → the networks of its interfaces. */
  readonly #networksOf = new Map<string, readonly string[]>();
  readonly #objects = new Map<string, HostMetadata>();

  /** An object came, changed, or (undefined) went. */
  told(key: HostKey, object: HostObject | undefined): void {
    const [kind, id = ''] = key.split('/');
    if (kind === 'router')
      if (object?.kind === 'router')
        this.#networksOf.set(id, [...new Set(object.interfaces.map((one) => one.network_id))]);
      else this.#networksOf.delete(id);
    if (kind !== 'metadata') return;
    this.#forget(id);
    if (object?.kind === 'metadata') this.#take(object);
  }

  /** The instance with an address behind a door; undefined where there is none. */
  find(door: Door, address: string): Instance | undefined {
    const networks = 'network' in door ? [door.network] : (this.#networksOf.get(door.router) ?? []);
    for (const id of networks) {
      const asking = this.#byAddress.get(id)?.get(address);
      if (asking) return this.#instance(asking);
    }
    return undefined;
  }

  #instance(asking: InstancePort): Instance {
    const { device_id: id, project_id: projectId, port_id } = asking.port;
    const known = id === '' ? [] : [...(this.#byDevice.get(id)?.values() ?? [])];
    const others = known.filter(({ port }) => port.port_id !== port_id && port.project_id === projectId);
    return { id, projectId, asking, ports: [asking, ...others] };
  }

  #forget(network: string): void {
    for (const { device_id, port_id } of this.#objects.get(network)?.instances ?? []) {
      const ports = this.#byDevice.get(device_id);
      ports?.delete(port_id);
      if (ports?.size === 0) this.#byDevice.delete(device_id);
    }
    this.#objects.delete(network);
    this.#byAddress.delete(network);
  }

  #take(network: HostMetadata): void {
    const byAddress = new Map<string, InstancePort>();
    for (const port of network.instances) {
      const here = { port, network };
      for (const { ip } of port.fixed_ips) byAddress.set(ip, here);
      byAddress.set(eui64Address('fe80::/64', port.mac_address), here);
      if (port.device_id === '') continue;
      const ports = this.#byDevice.get(port.device_id) ?? new Map<string, InstancePort>();
      this.#byDevice.set(port.device_id, ports.set(port.port_id, here));
    }
    this.#objects.set(network.id, network);
    this.#byAddress.set(network.id, byAddress);
  }
}
