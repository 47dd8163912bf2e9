/** The sign of life: what this host can do, at start and from time to time. */
import type { AgentClient } from '../client/index.ts';
import type { AgentReport } from '../model/host-objects.ts';
import type { ChangeLog } from './log.ts';
import type { MeteringOptions } from './metering.ts';
import type { FixedEnvironment } from './units.ts';
import { type Backoff, jitteredMs, pause } from './wait.ts';

/** What wires ports; the fields are those of Neutron's agents. */
function l2Function(env: FixedEnvironment): AgentReport['functions'][number] {
  const extensions = env.ovs ? ['qos', 'local_ip'] : ['qos'];
  const wiring = { bridge_mappings: env.bridgeMappings, tunneling_ip: env.localIp, extensions };
  if (!env.ovs)
    return {
      agent_type: 'Linux bridge agent',
      binary: 'neutron-linuxbridge-agent',
      configurations: {
        ...wiring,
        interface_mappings: env.interfaceMappings ?? {},
        tunnel_types: env.localIp === null ? [] : ['vxlan'],
      },
    };
  return {
    agent_type: 'Open vSwitch agent',
    binary: 'neutron-openvswitch-agent',
    configurations: {
      ...wiring,
      tunnel_types: env.localIp === null ? [] : env.ovs.tunnelTypes,
      integration_bridge: env.ovs.integrationBridge,
      datapath_type: env.ovs.datapath,
      arp_responder_enabled: env.ovs.arpResponder,
      l2_population: true,
      tunnel_csum: false,
      enable_distributed_routing: false,
      baremetal_smartnic: false,
    },
  };
}

/** Where counters of metering labels are read. */
const meteringFunction = ({ intervalMs }: Pick<MeteringOptions, 'intervalMs'>) => ({
  agent_type: 'Metering agent',
  binary: 'neutron-metering-agent',
  configurations: {
    metering_driver: 'nftables',
    measure_interval: intervalMs / 1000,
    report_interval: intervalMs / 1000,
  },
});

/** The report of a host with all functions, under the names that Neutron's clients know. */
export function agentReport(
  env: FixedEnvironment,
  startedAt: string,
  metering?: Pick<MeteringOptions, 'intervalMs'>,
): AgentReport {
  return {
    functions: [
      l2Function(env),
      {
        agent_type: 'L3 agent',
        binary: 'neutron-l3-agent',
        configurations: {
          agent_mode: 'legacy',
          handle_internal_only_routers: true,
          interface_driver: env.driver,
          nat_driver: env.natDriver,
        },
      },
      {
        agent_type: 'DHCP agent',
        binary: 'neutron-dhcp-agent',
        configurations: { dhcp_driver: 'neutron.agent.linux.dhcp.Dnsmasq' },
      },
      ...(metering ? [meteringFunction(metering)] : []),
    ],
    local_ip: env.localIp,
    bridge_mappings: env.bridgeMappings,
    started_at: startedAt,
  };
}

/** Reports at once and then every `intervalMs`, sooner after a failure, until the signal is aborted. */
export async function runHeartbeat(
  client: Pick<AgentClient, 'report'>,
  report: AgentReport,
  intervalMs: number,
  log: ChangeLog,
  backoff: Backoff,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let wait = intervalMs;
    try {
      await client.report(report, signal);
      failures = 0;
      log.clear('report', 'The server takes reports again.');
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      wait = Math.min(intervalMs, jitteredMs(backoff, failures));
      log.warn('report', `The server could not be told that this host is alive: ${(error as Error).message}`);
    }
    await pause(wait, signal);
  }
}
