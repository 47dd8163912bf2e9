/** A libvirtd of an emulated host's own: its files lie over /etc and /var, where nobody else sees them. */
import { existsSync } from 'node:fs';
import type { LabHost } from '../../../src/lab/host.ts';
import { eventually } from './small-cloud.ts';

/** Why there is no libvirtd to be had here, or false. */
export const noLibvirt = ['/usr/sbin/libvirtd', '/usr/bin/virsh', '/usr/bin/qemu-system-x86_64'].every(existsSync)
  ? false
  : 'libvirtd, virsh or qemu-system-x86_64 is not installed';

// The driver runs QEMU as root, without the security drivers and namespaces that a host without systemd lacks.
const start = `set -e
mkdir /run/over && mount -t tmpfs tmpfs /run/over
for folder in etc var; do
  mkdir -p /run/over/$folder/upper /run/over/$folder/work
  mount -t overlay overlay -o lowerdir=/$folder,upperdir=/run/over/$folder/upper,workdir=/run/over/$folder/work /$folder
done
rm -rf /var/run && ln -s /run /var/run
mkdir -p /etc/libvirt /run/dbus
cat > /etc/libvirt/qemu.conf <<CONF
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
CONF
cat > /etc/libvirt/libvirtd.conf <<CONF
auth_unix_rw = "none"
CONF
for user in messagebus:990 libvirt-qemu:64055; do
  getent passwd \${user%:*} >/dev/null || echo "\${user%:*}:x:\${user#*:}:\${user#*:}::/nonexistent:/usr/sbin/nologin" >> /etc/passwd
  getent group \${user%:*} >/dev/null || echo "\${user%:*}:x:\${user#*:}:" >> /etc/group
done
dbus-daemon --system --fork
exec libvirtd
`;

/** Starts it on the host and waits until it answers. */
export async function startLibvirtd(host: LabHost): Promise<void> {
  const daemon = host.start(['bash', '-c', start]);
  let said = '';
  for (const stream of [daemon.stdout, daemon.stderr])
    stream?.on('data', (data) => {
      said += data;
    });
  await eventually('libvirtd answers', async () => {
    if (daemon.exitCode !== null) throw new Error(`libvirtd ended with ${daemon.exitCode}: ${said}`);
    return (await host.run(['virsh', 'list'], { mayFail: true })).code === 0;
  });
}

/** Runs a command of virsh that takes a definition. */
export async function virshWith(host: LabHost, command: 'define' | 'create', xml: string): Promise<void> {
  const script = `cat > /run/domain.xml && virsh ${command} /run/domain.xml`;
  await host.run(['sh', '-c', script], { input: xml, timeoutMs: 60_000 });
}

/** The definition of a virtual machine that has no disk and no NIC; its firmware finds nothing to start. */
export const emptyDomain = (name: string) => `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
  </devices>
</domain>
`;
