//! What a new machine does at its first start: fetches the program, checks it, runs it as a service.

use super::instance_settings::{InstanceSettings, pins};
use super::wanted::TUNNEL_PORT;
use crate::error::Result;
use crate::gateway::spec::CheckedSpec;

/// Where the settings lie on a machine.
const SETTINGS: &str = "/etc/cmgateway/instance.toml";
/// Where the server certificate lies, with its chain.
const CERTIFICATE: &str = "/etc/cmgateway/server.pem";

/// Finds out which of the machines this is.
const NUMBER_SCRIPT: &str = "/usr/local/sbin/cmgateway-number";

/// Every machine of a scale set is made from the same text; its name, which ends in its id there (`granitefalls-vmss_3`), comes from
/// the metadata service. Arguments: another settings file, another metadata service.
const NUMBER: &str = "\
#!/bin/sh
# Writes the number of this machine in its scale set into the settings of its instance.
set -eu
file=${1:-/etc/cmgateway/instance.toml}
service=${2:-http://169.254.169.254}
name=$(curl --fail --silent --show-error --noproxy '*' --retry 5 --max-time 20 --header 'Metadata: true' \
    \"$service/metadata/instance/compute/name?api-version=2021-02-01&format=text\") || name=
number=$(printf '%s' \"${name##*_}\" | sed 's/^0*\\([0-9]\\)/\\1/')
case $number in
    '' | *[!0-9]*)
        echo \"the name of this machine, '$name', does not end in a number: its instance is 0\" >&2
        number=0 ;;
esac
sed -i \"s/^number = .*/number = $number/\" \"$file\"
";

const SERVICE: &str = "\
[Unit]
Description=Instance of a cloud management gateway
After=network-online.target
Wants=network-online.target
[Service]
ExecStartPre=/usr/local/sbin/cmgateway-number
ExecStartPre=/usr/local/bin/cmgateway gateway check --config /etc/cmgateway/instance.toml
ExecStart=/usr/local/bin/cmgateway gateway run --config /etc/cmgateway/instance.toml
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=5
[Install]
WantedBy=multi-user.target
";

/// The cloud-init text. It holds nothing secret: the certificate's key comes from the vault, by the scale set.
///
/// The machine's agent puts the key to `/var/lib/waagent/<THUMBPRINT>.prv`. That a machine of Azure really starts with it was never
/// seen here; the settings and the command line are those of the program.
///
/// # Errors
/// `config` where the spec names no connection point.
pub(super) fn cloud_init(spec: &CheckedSpec) -> Result<String> {
    let key = format!("/var/lib/waagent/{}.prv", spec.server.certificate.thumbprint());
    let settings = InstanceSettings {
        // Each machine writes its own at its start.
        number: 0,
        listen: "0.0.0.0:443".to_owned(),
        tunnel_listen: (spec.spec.vm_instance_count > 1).then(|| format!("0.0.0.0:{TUNNEL_PORT}")),
        certificate: CERTIFICATE,
        key: &key,
        connection_points: pins(spec)?,
    };
    let mut text = "#cloud-config\nwrite_files:\n".to_owned();
    write_file(&mut text, "/etc/systemd/system/cmgateway.service", "0644", SERVICE);
    write_file(&mut text, NUMBER_SCRIPT, "0755", NUMBER);
    write_file(&mut text, SETTINGS, "0644", &settings.to_string());
    write_file(&mut text, CERTIFICATE, "0644", &spec.server_chain_pem());
    if let (Some(url), Some(hash)) = (&spec.spec.instance_program_url, &spec.spec.instance_program_sha256) {
        // Quoted for the shell; an address has no quotes.
        let url = url.replace(['\'', '\n', '\\'], "");
        text.push_str(&format!(
            "runcmd:\n  - \"curl --fail --silent --show-error --retry 10 --proto =https --output /usr/local/bin/cmgateway.new '{url}' && \
             echo '{hash}  /usr/local/bin/cmgateway.new' | sha256sum --check --strict && \
             install -m 0755 /usr/local/bin/cmgateway.new /usr/local/bin/cmgateway && \
             systemctl daemon-reload && systemctl enable --now cmgateway\"\n",
            hash = hash.to_ascii_lowercase(),
        ));
    }
    Ok(text)
}

fn write_file(text: &mut String, path: &str, mode: &str, content: &str) {
    text.push_str(&format!("  - path: {path}\n    permissions: '{mode}'\n    content: |\n"));
    for line in content.lines() {
        text.push_str(&format!("      {line}\n"));
    }
}
