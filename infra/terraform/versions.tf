terraform {
  # Exact: a plan reviewed with one version is applied with the same. Write-only arguments and the lock file in S3 need 1.11 and 1.10.
  required_version = "= 1.12.2"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "= 6.66.0"
    }
  }

  # Encrypted and locked: environments/<environment>.backend.hcl, given at `init`.
  backend "s3" {}
}
