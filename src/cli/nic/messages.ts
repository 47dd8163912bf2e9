/** What the `nic` commands say, in English and Chinese: findings and reasons by their codes, and the words around them. */
import { catalogue, type Language, type Say, speaker } from '../../lib/catalogue.ts';

/** The sentences of the `nic` commands. */
export const nicSentences = catalogue({
  // Refusals: the reason, and what to do.
  'not-root': {
    en: 'This changes the network of the host and needs root: run it with sudo.',
    zh: '此操作会修改主机网络,需要 root 权限:请用 sudo 运行。',
  },
  'nic-absent': {
    en: 'There is no device {nic}. These are here: {known}.',
    zh: '没有名为 {nic} 的设备。现有设备:{known}。',
  },
  'nic-wireless': {
    en: '{nic} is a Wi-Fi device: an access point takes frames from one MAC only, so it cannot be bridged. Use a wired NIC, or route instead.',
    zh: '{nic} 是无线网卡:接入点只接受一个 MAC 的帧,因此无法桥接。请使用有线网卡,或改用路由方式。',
  },
  'nic-not-bridgeable': {
    en: '{nic} is of kind {kind}, which a bridge cannot take. Name a wired NIC, a bond or a VLAN.',
    zh: '{nic} 的类型是 {kind},无法加入网桥。请指定有线网卡、bond 或 VLAN 设备。',
  },
  'nic-taken': {
    en: '{nic} is a port of {holder} already. Adopt {holder} if it is a bond; take the NIC out first if it is another bridge.',
    zh: '{nic} 已经属于 {holder}。如果 {holder} 是 bond,请接管 {holder};如果是另一个网桥,请先将网卡移出。',
  },
  'nic-has-macvlan': {
    en: '{nic} has {devices} on it, which take its frames: remove them first, they can be made on the bridge afterwards.',
    zh: '{nic} 上有 {devices},它们会截取帧:请先删除,之后可以在网桥上重建。',
  },
  'bridge-name': {
    en: '{bridge} cannot be the name of the bridge: at most 15 characters, no slash, no space, and not the NIC itself.',
    zh: '{bridge} 不能作为网桥名:最多 15 个字符,不含斜杠和空格,且不能与网卡同名。',
  },
  'bridge-name-taken': {
    en: 'There is a device {bridge} already, of kind {kind}: choose another name by --bridge, or the other --driver.',
    zh: '已存在类型为 {kind} 的设备 {bridge}:请用 --bridge 换一个名字,或换用另一种 --driver。',
  },
  'ovs-silent': {
    en: 'Open vSwitch does not answer: {problem}. Start it (systemctl start openvswitch-switch) or use --driver linuxbridge.',
    zh: 'Open vSwitch 没有应答:{problem}。请启动它(systemctl start openvswitch-switch),或使用 --driver linuxbridge。',
  },
  'address-twice': {
    en: 'The address {address} is on {device} too: a move begun by hand? `neutrino nic repair` puts that right.',
    zh: '地址 {address} 同时存在于 {device}:是否手工迁移到一半?`neutrino nic repair` 可以修复。',
  },
  'address-conflict': {
    en: 'Another machine on the link answers for {address}: find it and end the conflict first.',
    zh: '链路上另一台机器在应答 {address}:请先找到它并消除冲突。',
  },
  pending: {
    en: 'A move of {bridge} is pending ({phase}): confirm it (neutrino nic confirm) or take it back (neutrino nic rollback).',
    zh: '{bridge} 的迁移尚未结束({phase}):请确认(neutrino nic confirm)或回滚(neutrino nic rollback)。',
  },
  'bridge-in-use': {
    en: '{bridge} has other ports, which would lose the outside: {ports}. Remove the router gateways or instances that use them first.',
    zh: '{bridge} 还有其他端口会失去外部连接:{ports}。请先移除使用它们的路由器网关或实例。',
  },
  'nothing-to-release': {
    en: 'Neutrino knows of no NIC in {bridge}, and it has not exactly one port: there is nothing to release.',
    zh: 'Neutrino 不知道 {bridge} 中有网卡,且它的端口不是恰好一个:没有可归还的网卡。',
  },
  'not-adopted': {
    en: '{nic} is no port of {bridge}: there is nothing to release. `neutrino nic status` shows what is where.',
    zh: '{nic} 不是 {bridge} 的端口:没有可归还的网卡。`neutrino nic status` 可查看现状。',
  },
  // Dangers: with them, --yes does not confirm by itself.
  'firewall-names-nic': {
    en: 'Firewall rules name {nic} and will not match what comes in by the other device:\n{rules}\nAdd rules for it before, or confirm from a new connection.',
    zh: '防火墙规则指明了 {nic},迁移后从另一设备进入的流量不再匹配:\n{rules}\n请事先补充规则,或通过一个新连接来确认。',
  },
  'nothing-to-check': {
    en: 'There is no gateway that answers and no --check-tcp: whether the network works after the move is for you to see.',
    zh: '没有可应答的网关,也没有 --check-tcp:迁移后网络是否正常需要你自行判断。',
  },
  'no-carrier': { en: '{nic} has no carrier: is the cable plugged in?', zh: '{nic} 没有链路信号:网线插好了吗?' },
  // Notes.
  'not-kept': {
    en: 'No program is known that keeps the configuration of this NIC, and there is no systemd: the move ends with the next boot.',
    zh: '未发现管理该网卡配置的程序,也没有 systemd:下次启动后迁移将失效。',
  },
  'gateway-silent-before': {
    en: 'The gateway {address} does not answer now, so it is not checked after the move.',
    zh: '网关 {address} 目前没有应答,因此迁移后不检查它。',
  },
  'bound-sockets': {
    en: 'Programs have sockets bound to {nic} and may have to be told of the other device: {programs}.',
    zh: '有程序的套接字绑定在 {nic} 上,可能需要改为另一设备:{programs}。',
  },
  'no-address': { en: '{nic} has no address: only the NIC moves.', zh: '{nic} 没有地址:只迁移网卡本身。' },
  'temporary-address': {
    en: 'The temporary address {address} stays for the rest of its lifetime; the kernel makes new ones on the other device.',
    zh: '临时地址 {address} 会保留到寿命结束;内核会在另一设备上生成新的临时地址。',
  },
  'children-stay': {
    en: 'On {nic}: {devices}. They stay as they are and go on working.',
    zh: '{nic} 之上的设备:{devices}。它们保持原样并继续工作。',
  },
  'groups-joined': {
    en: 'Multicast groups that programs joined are joined on the other device too: {groups}.',
    zh: '程序加入的组播组会在另一设备上同样加入:{groups}。',
  },
  'no-boot-hook': {
    en: 'There is no systemd: if the power fails before the confirmation, run `neutrino nic recover` after the boot, since OVSDB remembers.',
    zh: '没有 systemd:若在确认前断电,启动后请运行 `neutrino nic recover`,因为 OVSDB 会记住改动。',
  },
  'netdev-shield': {
    en: 'The userspace datapath sees the frames of {nic} beside the kernel; an nft table keeps the kernel from answering twice. It is not kept over a boot: load it again before the agent starts.',
    zh: '用户态数据路径与内核同时看到 {nic} 的帧;一张 nft 表防止内核重复应答。它不会在重启后保留:请在代理启动前重新加载。',
  },
  // What is wrong with a move by hand.
  'half-nic-outside': { en: '{nic} is not in {bridge}.', zh: '{nic} 不在 {bridge} 中。' },
  'half-bridge-down': { en: '{bridge} is down.', zh: '{bridge} 处于 down 状态。' },
  'half-address-on-nic': {
    en: '{address} is still on {nic}; it belongs on the bridge.',
    zh: '{address} 仍在 {nic} 上,应迁移到网桥。',
  },
  'half-routes-by-nic': { en: 'Routes still leave by {nic}.', zh: '仍有路由经由 {nic}。' },
  'half-address-lost': {
    en: '{address} stands in the configuration, and no device has it.',
    zh: '配置文件中有 {address},但没有设备持有它。',
  },
  'half-no-default': {
    en: 'There is no default route; the configuration names the gateway {gateway}.',
    zh: '没有默认路由;配置文件中的网关是 {gateway}。',
  },
  'half-files': {
    en: 'The configuration still gives the addresses to {nic}: after a boot, {bridge} would have none.',
    zh: '配置文件仍把地址分配给 {nic}:重启后 {bridge} 将没有地址。',
  },
  wrong: { en: 'Found wrong:', zh: '发现的问题:' },
  nothingWrong: {
    en: '{nic} is in {bridge} as it should be: nothing to repair.',
    zh: '{nic} 在 {bridge} 中状态正常:无需修复。',
  },
  // Reasons for taking back.
  incomplete: { en: 'this was missing after the switch: {text}', zh: '切换后缺少:{text}' },
  'step-failed': { en: 'a step failed: {text}', zh: '某一步失败:{text}' },
  'persistence-failed': { en: 'the configuration could not be kept: {text}', zh: '配置无法持久化:{text}' },
  'gateway-silent': { en: 'the gateway {target} does not answer a ping any more', zh: '网关 {target} 不再应答 ping' },
  'gateway-not-on-link': {
    en: 'the gateway {target} does not answer on the link any more',
    zh: '网关 {target} 在链路上不再应答',
  },
  'tcp-silent': { en: '{target} cannot be reached by TCP', zh: '无法通过 TCP 连接 {target}' },
  'guard-died': { en: 'the watchdog was killed', zh: '看门狗进程被杀死' },
  'never-begun': { en: 'it was never begun', zh: '从未开始' },
  rebooted: { en: 'the host was booted before the confirmation', zh: '确认之前主机重启了' },
  asked: { en: 'as asked', zh: '按要求' },
  'not-confirmed': { en: 'nobody confirmed within {seconds} s', zh: '{seconds} 秒内无人确认' },
  // The words around them.
  already: { en: '{nic} is in {bridge} already: nothing to do.', zh: '{nic} 已在 {bridge} 中:无需操作。' },
  done: { en: '{nic} is in {bridge}, and stays so: confirmed.', zh: '{nic} 已加入 {bridge} 并已确认,将持续生效。' },
  released: {
    en: '{nic} is out of {bridge}, and stays so: confirmed.',
    zh: '{nic} 已移出 {bridge} 并已确认,将持续生效。',
  },
  trial: {
    en: 'Moved and checked, on trial. Confirm within {seconds} s, from any shell:\n  neutrino nic confirm\nOtherwise everything is put back.',
    zh: '已迁移并通过检查,处于试用期。请在 {seconds} 秒内从任意 shell 确认:\n  neutrino nic confirm\n否则将全部恢复。',
  },
  undone: { en: 'Taken back, all is as it was: {why}.', zh: '已回滚,一切恢复原状:{why}。' },
  undoneButFor: {
    en: 'Taken back: {why}. This could not be put back:\n  {left}\n`neutrino nic repair` looks again.',
    zh: '已回滚:{why}。以下内容未能恢复:\n  {left}\n可用 `neutrino nic repair` 再次检查。',
  },
  nothingPending: { en: 'No move is pending.', zh: '没有待确认的迁移。' },
  refused: { en: 'Not done:', zh: '未执行:' },
  mind: { en: 'Mind:', zh: '注意:' },
  statusNone: { en: 'No NIC was moved by Neutrino.', zh: 'Neutrino 尚未迁移任何网卡。' },
  statusLine: {
    en: '{nic} in {bridge} ({driver}): {state}; configuration: {manager}',
    zh: '{nic} 在 {bridge} 中({driver}):{state};配置管理:{manager}',
  },
  stateHolds: { en: 'confirmed, and in place', zh: '已确认,状态正常' },
  stateBroken: {
    en: 'confirmed, but not in place: neutrino nic repair {nic} --bridge {bridge}',
    zh: '已确认,但状态不符:neutrino nic repair {nic} --bridge {bridge}',
  },
  stateFiles: { en: 'confirmed; changed since by others: {files}', zh: '已确认;此后被改动的文件:{files}' },
  stateTrial: {
    en: 'on trial, {seconds} s left: neutrino nic confirm',
    zh: '试用中,剩余 {seconds} 秒:neutrino nic confirm',
  },
  stateUnwatched: {
    en: '{phase}, and its watchdog is gone: neutrino nic confirm, or neutrino nic rollback',
    zh: '{phase},看门狗进程已不在:请 neutrino nic confirm 或 neutrino nic rollback',
  },
  statePhase: { en: '{phase}', zh: '{phase}' },
  planTitle: { en: '{nic} into {bridge} ({driver})', zh: '{nic} 加入 {bridge}({driver})' },
  planRelease: { en: '{nic} out of {bridge} ({driver})', zh: '{nic} 移出 {bridge}({driver})' },
  goes: { en: 'What goes from {from} to {to}:', zh: '从 {from} 迁移到 {to} 的内容:' },
  steps: { en: 'Steps:', zh: '步骤:' },
  files: { en: 'Files, written when the move is confirmed ({manager}):', zh: '确认时写入的文件({manager}):' },
  noFiles: { en: 'No file is written.', zh: '不写任何文件。' },
  checked: { en: 'Checked afterwards:', zh: '迁移后的检查:' },
  nothing: { en: 'nothing', zh: '无' },
  confirmFirst: {
    en: '{nic} is not moved without a person: run `neutrino nic adopt {nic} --bridge {bridge}`, confirm it, and start again.',
    zh: '{nic} 的迁移需要人工确认:请先运行 `neutrino nic adopt {nic} --bridge {bridge}` 并确认,然后重新启动。',
  },
  notConfirmedByItself: {
    en: 'Not confirmed by itself, because of what is said above.',
    zh: '由于上述原因,不会自动确认。',
  },
});

/** The name of a sentence. */
export type NicSentence = keyof typeof nicSentences;

/** Says a sentence. */
export type NicSay = Say<typeof nicSentences>;

/** What says the sentences in `language`. */
export function nicSpeaker(language: Language): NicSay {
  return speaker(nicSentences, language);
}

/** The sentence of a code that the move gave; the code itself where there is none. */
export function sayCode(say: NicSay, code: string, values: Readonly<Record<string, string>>): string {
  if (!(code in nicSentences)) return code;
  // Codes come from a journal, as text: which values belong to one is known only where it is made.
  return (say as (name: string, values: Readonly<Record<string, string>>) => string)(code, values);
}
