locals {
  name        = "stellar-escrow-${var.environment}"
  secret_path = "stellar-escrow/${var.environment}"

  key_administrators = distinct(concat(var.administrators, [var.terraform_role_arn]))

  # The first three are the guide's (S2), to the letter; the others are those of k8s/base/secrets-store-parts.yaml, with the reason for each
  # beside them there. `readers` are the service accounts whose pods mount the secret through the driver; nobody else's role can read it, people's
  # included. The guide's class is mounted by the api and synced into stellar-escrow-secrets, from which the other parts get what they need.
  secrets = {
    database = {
      description = "PostgreSQL: how the application's own user signs in."
      keys        = ["DATABASE_URL", "POSTGRES_PASSWORD"]
      readers     = ["api"]
      rotates     = true
    }
    api-keys = {
      description = "API keys of integrators and admins."
      keys        = ["API_KEYS", "ADMIN_KEYS"]
      readers     = ["api"]
      rotates     = true
    }
    stellar = {
      description = "Which contract is followed. It is public, but who could change it could put a forged platform in its place."
      keys        = ["CONTRACT_ID"]
      readers     = ["api"]
      rotates     = false
    }
    relay = {
      description = "Addition: what api and indexer prove themselves to each other with."
      keys        = ["RELAY_SECRET"]
      readers     = ["api", "indexer"]
      rotates     = true
    }
    indexer = {
      description = "Addition: what only the indexer signs and pays with, and the addresses of its nodes."
      keys        = ["STELLAR_RPC_URLS", "KEEPER_KEYS", "FEE_KEY", "CHANNEL_KEYS"]
      readers     = ["indexer"]
      rotates     = true
    }
    redis = {
      description = "Addition: the password of the cache (N9). The indexer is its only client (N6)."
      keys        = ["REDIS_PASSWORD"]
      readers     = ["indexer", "redis"]
      rotates     = true
    }
    database-ca = {
      description = "Addition: the authority that the database's certificate is checked against. Public; who changes it decides whom we trust."
      keys        = ["DATABASE_CA"]
      readers     = ["api", "backup", "indexer"]
      rotates     = false
    }
    postgres = {
      description = "Addition: the database's own certificate, for those who run it in the cluster."
      keys        = ["SERVER_CERTIFICATE", "SERVER_KEY"]
      readers     = ["postgres"]
      rotates     = true
    }
    backup = {
      description = "Addition: age recipients of the backups. The keys that open them are with people, in no account."
      keys        = ["BACKUP_RECIPIENTS"]
      readers     = ["backup"]
      rotates     = false
    }
    grafana = {
      description = "Addition: Grafana's admin password (C6)."
      keys        = ["GRAFANA_ADMIN_PASSWORD"]
      readers     = ["grafana"]
      rotates     = true
    }
    alertmanager = {
      description = "Addition: where alerts go; who knows such an address can page people (M11)."
      keys        = ["ALERT_CRITICAL_URL", "ALERT_WARNING_URL"]
      readers     = ["alertmanager"]
      rotates     = true
    }
  }

  # The parts with a role of their own: those that read a secret. The others (client, prometheus, loki) have none and can do nothing in AWS.
  parts = toset(flatten([for secret in values(local.secrets) : secret.readers]))

  part_role_arns = { for part in local.parts : part => "arn:aws:iam::${var.account_id}:role/${local.name}-${part}" }
}
