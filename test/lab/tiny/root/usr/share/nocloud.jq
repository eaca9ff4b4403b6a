# cloud-config (JSON) -> a shell script in the words of /usr/bin/nocloud: one jq run, since each costs time under emulation.
def text: if type == "string" then . else tojson end;
def octal: tostring | ltrimstr("0o");
def list: if . == null then [] elif type == "array" then . else [.] end;
def line($words): $words | map(text | @sh) | join(" ");
def command: if type == "array" then map(text | @sh) | join(" ") else text end;

. as $config
| (($config.fqdn // $config.hostname // "") | split(".")[0]) as $short
| (($config.hostname // $short) | split(".")[0] // "") as $name
| ($config.users | list | map(select(type == "object"))) as $users
| ([if $name != "" then "set_hostname " + line([$name]) else empty end]
  + [if $config.manage_etc_hosts == true or $config.manage_etc_hosts == "localhost"
     then "set_hosts " + line([$config.fqdn // $name, $name]) else empty end]
  + [$users[] | "add_user " + line([.name, .homedir // "/home/\(.name)", .shell // "/bin/sh"])]
  + [$users[] | .name as $user
     | (.ssh_authorized_keys | list) + ($config.ssh_authorized_keys | list) | .[] | "add_key " + line([$user, .])]
  + [$config.ssh_keys // {} | select(.ed25519_private) | "host_key " + line([.ed25519_private, .ed25519_public // ""])]
  + [$config.write_files | list | .[]
     | "write_file " + line([.path, (.permissions // "0644" | octal), .owner // "root:root", .encoding // "text/plain",
       .append // false, .content // ""])]
  + [$config.runcmd | list | select(length > 0)
     | to_entries | map("\(.value | command)\ncheck $? \(.key + 1)\n")
     | "check() { [ $1 = 0 ] || echo \"runcmd: command $2 exited with $1\" >>/run/nocloud.problems; }\n" + add + "true\n"
     | "run_script " + line([.])])
| .[]
