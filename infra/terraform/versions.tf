terraform {
  # Exact: a plan reviewed with one version is applied with the same. Write-only arguments and the lock file in S3 need 1.11 and 1.10.
  required_version = "= 1.12.2"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "= 6.66.0"
    }
  }

  # Bucket, key and table of locks are given at `init` by environments/<environment>.backend.hcl: this root holds no state of its own.
  backend "s3" {}
}
