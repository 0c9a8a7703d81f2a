//! What a new machine does at its first start: fetches the program, checks it, runs it as a service.

use crate::gateway::spec::CheckedSpec;

/// The cloud-init text. It holds nothing secret: the certificate's key comes from the vault, by the scale set.
///
/// The machine's agent puts the certificate to `/var/lib/waagent/<THUMBPRINT>.crt` and its key to `.prv`.
pub(super) fn cloud_init(spec: &CheckedSpec) -> String {
    let thumbprint = spec.server.certificate.thumbprint();
    let tunnel = if spec.spec.vm_instance_count > 1 { 10_124 } else { 443 };
    let mut text = format!(
        "#cloud-config\nwrite_files:\n  - path: /etc/systemd/system/cmgateway.service\n    content: |\n      [Unit]\n      \
         Description=Cloud management gateway {name}\n      After=network-online.target\n      Wants=network-online.target\n      \
         [Service]\n      ExecStart=/usr/local/bin/cmgateway instance --service-name {name} --port 443 --tunnel-port {tunnel} \
         --certificate /var/lib/waagent/{thumbprint}.crt --key /var/lib/waagent/{thumbprint}.prv\n      Restart=always\n      \
         RestartSec=5\n      [Install]\n      WantedBy=multi-user.target\n",
        name = spec.service_name,
    );
    let roots: String = spec.roots.iter().chain(&spec.sub_cas).map(|one| one.to_pem()).collect();
    if !roots.is_empty() {
        text.push_str("  - path: /etc/cmgateway/client-authorities.pem\n    content: |\n");
        for line in roots.lines() {
            text.push_str(&format!("      {line}\n"));
        }
    }
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
    text
}
