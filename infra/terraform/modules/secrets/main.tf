# The secrets exist here, their values do not: no version is made by Terraform, so none is in its state. Values are put by
# `escrowctl rotate`, the first ones included (README.md, "The first time").

locals {
  # Who may read each value: the roles of the parts that use it, the rotation's, and for the cache's password Terraform's own role.
  readers = { for name, secret in var.secrets : name => concat(
    [for part in secret.readers : var.reader_arns[part]],
    [var.rotation_arn],
    name == "redis" ? [var.terraform_role_arn] : [],
  ) }
}

module "key" {
  source = "../key"

  name           = "${var.name}-secrets"
  description    = "Secrets Manager secrets below ${var.path}"
  account_id     = var.account_id
  region         = var.region
  administrators = var.key_administrators
  via_services   = ["secretsmanager"]
}

resource "aws_secretsmanager_secret" "this" {
  # checkov:skip=CKV2_AWS_57:Rotation is a command of escrowctl, on a schedule, not a Lambda: it puts the new value, applies it to PostgreSQL or Redis, restarts and tests, and only then moves AWSCURRENT. A Lambda of AWS' would be a second owner of the same step; an alert fires when a secret is older than 90 days.
  for_each = var.secrets

  name                    = "${var.path}/${each.key}"
  description             = each.value.description
  kms_key_id              = module.key.arn
  recovery_window_in_days = 30

  # What rotation and the age alert go by.
  tags = {
    "stellar-escrow:keys"                = join(" ", each.value.keys)
    "stellar-escrow:rotation-by"         = each.value.rotates ? "escrowctl" : "nobody"
    "stellar-escrow:rotation-every-days" = each.value.rotates ? "90" : "0"
  }
}

# A policy on the secret itself: an identity policy elsewhere in the account that says secretsmanager:* reads nothing here.
resource "aws_secretsmanager_secret_policy" "this" {
  for_each = var.secrets

  secret_arn          = aws_secretsmanager_secret.this[each.key].arn
  block_public_policy = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "NobodyElseReads"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"]
        Resource  = "*"
        Condition = { StringNotEquals = { "aws:PrincipalArn" = local.readers[each.key] } }
      },
      {
        Sid       = "NobodyElseWrites"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
        Resource  = "*"
        Condition = { StringNotEquals = { "aws:PrincipalArn" = var.rotation_arn } }
      },
    ]
  })
}
