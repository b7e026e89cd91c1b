provider "aws" {
  region = var.region

  # A shell with the credentials of another account is refused before anything is read or written.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      "stellar-escrow:environment" = var.environment
      "stellar-escrow:managed-by"  = "infra/terraform"
    }
  }
}
