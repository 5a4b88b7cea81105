# registry.sh - a private registry in the cluster's network: TLS by the cluster's authority, and a password.
# shellcheck shell=bash disable=SC2154 # read by hack/cluster.sh
#
# Why      So that pulls, and pulls that fail, are real.  It lives in the cluster's namespaces and ends with it;
#          the container runtime trusts it.  address.sh says where it is and who may read it.

registry() { # up, down, block, open
	running || die "not up; start it with: hack/cluster.sh up"
	case ${1:-up} in
	up) registry_up ;;
	down) registry_down ;;
	# Packets to it are dropped on the way: a pull hangs until `open`.
	block) in_cluster iptables -I INPUT -p tcp --dport "${registry##*:}" -j DROP ;;
	open) while in_cluster iptables -D INPUT -p tcp --dport "${registry##*:}" -j DROP 2>/dev/null; do :; done ;;
	*) die "registry $1: up, down, block or open" ;;
	esac
}

in_cluster() {
	nsenter -t "$(init_pid)" -m -n -p "$@"
}

registry_up() {
	local own=$dir/registry
	registry_answers || {
		command -v docker-registry >/dev/null || die "docker-registry is not installed; install it with: hack/deps.sh install"
		[ -e "$own/config.yml" ] || registry_configure
		# In the cluster's process namespace: it ends with the cluster, and has a number there.
		# shellcheck disable=SC2016 # the inner shell expands it
		in_cluster sh -c 'echo $$ >"$1/pid"; exec docker-registry serve "$1/config.yml"' sh "$own" \
			>"$dir/log/registry" 2>&1 </dev/null 9<&- &
		wait_for 20 "the registry" registry_answers
	}
	echo "$registry"
}

registry_answers() {
	[ "$(curl -so /dev/null -m 2 -w '%{http_code}' --cacert "$dir/pki/ca.crt" "https://$registry/v2/")" = 401 ]
}

registry_configure() {
	local own=$dir/registry
	mkdir -p "$own/data" "$dir/certs.d/$registry"
	issue registry /CN=registry "IP:${registry%:*}" >>"$dir/log/pki" 2>&1 || die "openssl failed: $(tail -n 1 "$dir/log/pki")"
	cp "$dir/pki/ca.crt" "$dir/certs.d/$registry/ca.crt"
	# registry_login's password
	# shellcheck disable=SC2016 # dollars of bcrypt
	echo "${registry_login%%:*}"':$2b$05$Htd3Mes1UEExYdi7P7lGkuVo1u8sgyq7dxz7UAU6Jq99drafaYAaW' >"$own/htpasswd"
	cat >"$own/config.yml" <<-END
		version: 0.1
		log: {level: error}
		storage: {filesystem: {rootdirectory: $own/data}}
		http: {addr: "$registry", tls: {certificate: $dir/pki/registry.crt, key: $dir/pki/registry.key}}
		auth: {htpasswd: {realm: farguard, path: $own/htpasswd}}
	END
}

registry_down() {
	local pid
	{ read -r pid <"$dir/registry/pid"; } 2>/dev/null || return 0
	rm -f "$dir/registry/pid"
	in_cluster kill "$pid" 2>/dev/null || true
	for ((i = 0; i < 100; i++)); do
		in_cluster kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	die "the registry does not end"
}

# farguard.test/NAME:TAG of an archive becomes $registry/NAME:TAG; prints each with its digest.
push() { # FILE...
	local file
	running || die "not up; start it with: hack/cluster.sh up"
	registry_up >/dev/null
	for file; do
		"$here/push.py" "$registry" "$dir/pki/ca.crt" "$registry_login" "$file" || die "cannot push $file"
	done
}
