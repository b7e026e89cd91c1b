output "bucket" {
  description = "Name of the bucket."
  value       = module.bucket.id
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = module.bucket.arn
}

output "prefix" {
  description = "What every backup's key begins with."
  value       = local.prefix
}

output "writer_statements" {
  description = "What the backup's role needs: to write below the prefix and read back what it wrote. It can delete nothing."
  value = [
    {
      Sid      = "WriteAndReadBack"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
      Resource = ["${module.bucket.arn}/${local.prefix}*"]
    },
    {
      Sid      = "EncryptAndReadBack"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [module.key.arn]
    },
  ]
}
