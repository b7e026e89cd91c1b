# One KMS key for one purpose. Its policy names who may do what; no statement gives the account's IAM policies the whole key (the usual
# kms:* for the account's root principal), so a policy written elsewhere by mistake opens nothing.

locals {
  account = "arn:aws:iam::${var.account_id}:root"

  administration = [
    {
      Sid       = "Administration"
      Effect    = "Allow"
      Principal = { AWS = var.administrators }
      Action = [
        "kms:CancelKeyDeletion",
        "kms:CreateAlias",
        "kms:DeleteAlias",
        "kms:DescribeKey",
        "kms:DisableKey",
        "kms:EnableKey",
        "kms:EnableKeyRotation",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListAliases",
        "kms:ListGrants",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:RevokeGrant",
        "kms:RotateKeyOnDemand",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateAlias",
        "kms:UpdateKeyDescription",
      ]
      # In a key's policy the star is the key itself, and nothing else.
      Resource = "*"
    },
    {
      # When every administrator's role is gone, the account's root user can still mend the policy, and do nothing else.
      Sid       = "BreakGlass"
      Effect    = "Allow"
      Principal = { AWS = local.account }
      Action    = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy"]
      Resource  = "*"
      Condition = { ArnEquals = { "aws:PrincipalArn" = local.account } }
    },
  ]

  # Principals of this account whose own policies name the key, and only by way of these services: nobody decrypts with it directly.
  use = [for service in var.via_services : {
    Sid       = "UseThrough${replace(title(service), "-", "")}"
    Effect    = "Allow"
    Principal = { AWS = local.account }
    Action = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
    Resource = "*"
    Condition = {
      StringEquals = {
        "kms:CallerAccount" = var.account_id
        "kms:ViaService"    = "${service}.${var.region}.amazonaws.com"
      }
    }
  }]

  # A service that works on while nobody asks it (a volume, an instance) holds a grant; only the service itself can be given one.
  grants = [for service in var.granted_services : {
    Sid       = "GrantTo${replace(title(service), "-", "")}"
    Effect    = "Allow"
    Principal = { AWS = local.account }
    Action    = ["kms:CreateGrant"]
    Resource  = "*"
    Condition = {
      Bool = { "kms:GrantIsForAWSResource" = "true" }
      StringEquals = {
        "kms:CallerAccount" = var.account_id
        "kms:ViaService"    = "${service}.${var.region}.amazonaws.com"
      }
    }
  }]
}

resource "aws_kms_key" "this" {
  region                  = var.region
  description             = var.description
  enable_key_rotation     = true
  rotation_period_in_days = 365
  deletion_window_in_days = 30

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.administration, local.use, local.grants, var.statements)
  })
}

resource "aws_kms_alias" "this" {
  region        = var.region
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
