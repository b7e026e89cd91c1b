# bucket and kms_key_id are the account's own: give them by a second -backend-config (README.md, "State").
key          = "stellar-escrow/production/terraform.tfstate"
region       = "us-east-1"
encrypt      = true
use_lockfile = true
